using System.Globalization;
using System.Text;

namespace LoraDrop.Engine;

/// <summary>The <c>decoder</c> of a tokenizer.json, as Hugging Face <c>tokenizers</c> 0.23 applies it.</summary>
internal static class Decoders
{
    /// <exception cref="Domain.RefusedInputException">A decoder that is not known here.</exception>
    public static Decoder From(JsonField field)
    {
        if (field.IsAbsent) return tokens => [string.Join(' ', tokens)];
        return field["type"].Text switch
        {
            "Sequence" => InOrder([.. field["decoders"].Items.Select(From)]),
            "ByteLevel" => Bytes,
            "WordPiece" => WordPieces(field["prefix"].Text, field["cleanup"].Flag(true)),
            "Replace" => Replace(field["pattern"]["String"].Text, field["content"].Text),
            "ByteFallback" => ByteTokens,
            "Metaspace" => Metaspace(field["replacement"].TextOrNull ?? "\u2581", field["prepend_scheme"].TextOrNull != "never" && field["add_prefix_space"].Flag(true)),
            "Fuse" => tokens => [string.Concat(tokens)],
            "Strip" => Strip(field["content"].Text.Single(), field["start"].Number, field["stop"].Number),
            var other => throw field["type"].Refused($"the decoder '{other}' is not supported."),
        };
    }

    /// <summary>SentencePiece's: pieces with blanks for their letter, bytes joined, and without the blank that was put before the text.</summary>
    public static Decoder Sentence(bool prefix) => InOrder([Replace("\u2581", " "), ByteTokens, tokens => [string.Concat(tokens)], .. prefix ? (Decoder[])[Strip(' ', 1, 0)] : []]);

    public static IEnumerable<string> Bytes(IEnumerable<string> tokens) => [ByteLevel.FromLetters(tokens)];

    /// <summary>Blanks between words, none before a piece that continues one.</summary>
    /// <param name="prefix">What marks a piece that continues a word (<c>##</c>).</param>
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

    private static Decoder Replace(string pattern, string content) =>
        tokens => tokens.Select(token => token.Replace(pattern, content, StringComparison.Ordinal));

    private static Decoder Strip(char content, int start, int stop) => tokens => tokens.Select(token =>
    {
        var left = token.TakeWhile(letter => letter == content).Take(start).Count();
        var right = token.Skip(left).Reverse().TakeWhile(letter => letter == content).Take(stop).Count();
        return token[left..^right];
    });

    /// <summary>Joins runs of tokens such as <c>&lt;0xE2&gt;</c> to text; a run that is no UTF-8 becomes one U+FFFD for each byte.</summary>
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

    /// <summary>Blanks for their letter; the first token loses every one of them where a blank was put before the text.</summary>
    private static Decoder Metaspace(string blank, bool prefix) => tokens =>
        tokens.Select((token, i) => token.Replace(blank, prefix && i == 0 ? "" : " ", StringComparison.Ordinal));

    private static Decoder InOrder(Decoder[] steps) => tokens => steps.Aggregate(tokens, (pieces, step) => step(pieces));
}
