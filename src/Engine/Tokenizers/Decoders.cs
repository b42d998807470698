using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>The <c>decoder</c> of a tokenizer.json, as Hugging Face <c>tokenizers</c> 0.22 applies it.</summary>
internal static class Decoders
{
    /// <exception cref="Domain.RefusedInputException">The decoder is not supported.</exception>
    public static Decoder From(JsonField field)
    {
        if (field.IsAbsent) return tokens => [string.Join(' ', tokens)];
        return field["type"].Text switch
        {
            "Sequence" => InOrder([.. field["decoders"].Items.Select(From)]),
            "ByteLevel" => Bytes,
            "WordPiece" => WordPieces(field["prefix"].TextOrNull ?? "##", field["cleanup"].Flag(true)),
            "BPEDecoder" => WithoutSuffix(field["suffix"].TextOrNull ?? "</w>"),
            "CTC" => Speech(
                field["pad_token"].TextOrNull ?? "<pad>", field["word_delimiter_token"].TextOrNull ?? "|", field["cleanup"].Flag(true)),
            "Replace" => Replace(TextPattern.From(field["pattern"]), field["content"].Text),
            "ByteFallback" => ByteTokens,
            "Metaspace" => Metaspace(PreTokenizers.Replacement(field), PreTokenizers.Scheme(field) != "never"),
            "Fuse" => tokens => [string.Concat(tokens)],
            "Strip" => Strip(field["content"].Text.Single(), field["start"].Number, field["stop"].Number),
            var other => throw field["type"].Refused($"the decoder '{other}' is not supported."),
        };
    }

    /// <summary>SentencePiece's decoder: restores blanks, joins bytes, and removes the blank that was put before the text.</summary>
    public static Decoder Sentence(bool prefix) => InOrder([
        tokens => tokens.Select(token => token.Replace(PreTokenizers.Blank, " ", StringComparison.Ordinal)),
        ByteTokens,
        tokens => [string.Concat(tokens)],
        .. prefix ? (Decoder[])[Strip(' ', 1, 0)] : []]);

    public static IEnumerable<string> Bytes(IEnumerable<string> tokens) => [ByteLevel.FromLetters(tokens)];

    /// <summary>Puts blanks between words, but not before pieces that continue one.</summary>
    /// <param name="prefix">Marks a piece that continues a word (<c>##</c>).</param>
    /// <param name="cleanUp">Whether the blank before English punctuation and contractions is dropped.</param>
    public static Decoder WordPieces(string prefix, bool cleanUp) => tokens => tokens.Select((token, i) =>
    {
        if (i > 0) token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : ' ' + token;
        return cleanUp ? CleanUp(token) : token;
    });

    private static string CleanUp(string text) => text
        .Replace(" .", ".").Replace(" ?", "?").Replace(" !", "!").Replace(" ,", ",").Replace(" ' ", "'")
        .Replace(" n't", "n't").Replace(" 'm", "'m").Replace(" do not", " don't")
        .Replace(" 's", "'s").Replace(" 've", "'ve").Replace(" 're", "'re");

    /// <summary>Joins words that end with a suffix.</summary>
    private static Decoder WithoutSuffix(string suffix) => tokens =>
    {
        var all = tokens.ToList();
        if (suffix.Length == 0) return all;
        return all.Select((token, i) => token.Replace(suffix, i + 1 < all.Count ? " " : "", StringComparison.Ordinal));
    };

    /// <summary>CTC decoding for speech recognition (Graves et al. 2006): repetitions count once, pads separate.</summary>
    private static Decoder Speech(string pad, string delimiter, bool cleanUp) => tokens => tokens
        .Aggregate(new List<string>(), (kept, token) =>
        {
            if (kept.Count == 0 || kept[^1] != token) kept.Add(token);
            return kept;
        })
        .Select(token => pad.Length == 0 ? token : token.Replace(pad, "", StringComparison.Ordinal))
        .Select(token => cleanUp && delimiter.Length > 0 ? CleanUp(token).Replace(delimiter, " ", StringComparison.Ordinal) : token)
        .Where(token => token.Length > 0);

    private static Decoder Replace(TextPattern pattern, string content) =>
        tokens => tokens.Select(token => pattern.Replace(token, content));

    private static Decoder Strip(char content, int start, int stop) => tokens => tokens.Select(token =>
    {
        var left = token.TakeWhile(letter => letter == content).Take(start).Count();
        var right = token.Skip(left).Reverse().TakeWhile(letter => letter == content).Take(stop).Count();
        return token[left..^right];
    });

    /// <summary>Joins runs of tokens such as <c>&lt;0xE2&gt;</c> to text; a run that is not UTF-8 becomes one U+FFFD per byte.</summary>
    private static IEnumerable<string> ByteTokens(IEnumerable<string> tokens)
    {
        var run = new List<byte>();
        foreach (var token in tokens)
        {
            if (TryReadByte(token, out var value))
            {
                run.Add(value);
                continue;
            }
            if (run.Count > 0) yield return Utf8OrReplacements(run);
            run.Clear();
            yield return token;
        }
        if (run.Count > 0) yield return Utf8OrReplacements(run);
    }

    private static bool TryReadByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, null, out value);
    }

    private static string Utf8OrReplacements(List<byte> run)
    {
        byte[] bytes = [.. run];
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', bytes.Length);
    }

    /// <summary>Restores blanks; in the first token they are all dropped if one was put before the text.</summary>
    public static Decoder Metaspace(string blank, bool prefix) =>
        tokens => tokens.Select((token, i) => token.Replace(blank, prefix && i == 0 ? "" : " ", StringComparison.Ordinal));

    private static Decoder InOrder(Decoder[] steps) => tokens => steps.Aggregate(tokens, (pieces, step) => step(pieces));
}
