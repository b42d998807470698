using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Small tokenizer.json files with every model, step and option there is, drawn from a seed: a model trained on the sample's
/// sentences, and steps around it.</summary>
/// <remarks>What is drawn need not make sense together. The reference reads it, so ours must give the same.</remarks>
internal sealed class TrainedTokenizers
{
    private const int Merges = 250;

    private static readonly string[] Sentences = [.. RealTexts.Sample.Take(300), .. AwkwardTexts.Written];
    private static readonly Dictionary<(string Style, string Prefix, string Suffix),
        (List<string> Tokens, List<(string Left, string Right)> Merges)> BytePairs = [];

    private readonly SplitMix64 _random;

    private TrainedTokenizers(long seed) => _random = SplitMix64.For(seed, "trained tokenizers");

    /// <summary>The tokenizer.json of a seed.</summary>
    public static JsonObject Of(long seed) => new TrainedTokenizers(seed).Draw();

    private JsonObject Draw()
    {
        var style = Pick("bytes", "blanks", "words");
        var model = Pick("BPE", "BPE", "WordPiece", "Unigram", "WordLevel") switch
        {
            "BPE" => BytePair(style),
            "WordPiece" => WordPiece(style),
            "Unigram" => Unigram(style),
            _ => WordLevel(style),
        };
        var vocabulary = model["vocab"] is JsonObject ids ? ids.ToDictionary(token => token.Key, token => (int)token.Value!)
            : model["vocab"]!.AsArray().Index().ToDictionary(piece => (string)piece.Item![0]!, piece => piece.Index);
        var normalizer = Maybe(3, Normalizer);
        var normalize = Normalizers.From(new JsonField("", "normalizer", JsonSerializer.SerializeToElement(normalizer)));
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = AddedTokens(vocabulary, normalize),
            ["normalizer"] = normalizer,
            ["pre_tokenizer"] = style switch { "bytes" => InOrder("pretokenizers", Maybe(2, PreTokenizer), ByteLevel()), "blanks" =>
                Blanks(Maybe(3, PreTokenizer)), _ => Maybe(6, PreTokenizer) },
            ["post_processor"] = PostProcessor(vocabulary),
            ["decoder"] = style switch { "bytes" => ByteLevel(), "blanks" => Metaspace(), _ => Maybe(2, Decoder) },
            ["model"] = model,
        };
    }

    private JsonObject BytePair(string style)
    {
        string prefix = Pick("", "", "##", "@"), suffix = Pick("", "", "</w>", "_");
        var (tokens, merges) = Trained(style, prefix, suffix);
        merges = [.. merges.Take(_random.NextBelow(merges.Count + 1))];
        HashSet<string> needed = [.. merges.SelectMany(merge => (string[])[merge.Left, merge.Right, merge.Left
            + merge.Right[prefix.Length..]])];
        tokens = [.. tokens.Where(token => needed.Contains(token) || _random.NextBelow(10) > 0), .. Bytes(),
            .. Pick("", "<unk>") is { Length: > 0 } unknown ? (string[])[unknown] : []];
        var vocabulary = Numbered(tokens.Distinct());
        return new JsonObject
        {
            ["type"] = "BPE", ["dropout"] = null, ["unk_token"] = vocabulary.ContainsKey("<unk>") ? "<unk>" : null,
            ["continuing_subword_prefix"] = prefix.Length == 0 && Coin ? null : prefix, ["end_of_word_suffix"] = suffix.Length == 0 && Coin
                ? null : suffix,
            ["fuse_unk"] = Coin, ["byte_fallback"] = Coin, ["ignore_merges"] = Coin,
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. Coin || merges.Exists(merge => $"{merge.Left}{merge.Right}".Contains(' '))
                ? merges.Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right))
                    : merges.Select(merge => (JsonNode)$"{merge.Left} {merge.Right}")]),
        };
    }

    private JsonObject WordPiece(string style)
    {
        var prefix = Pick("##", "##", "", "@@");
        var (tokens, _) = Trained(style, prefix, "");
        return new JsonObject
        {
            ["type"] = "WordPiece", ["unk_token"] = "[UNK]", ["continuing_subword_prefix"] = prefix,
                ["max_input_chars_per_word"] = Pick(100, 100, 5, 1),
            ["vocab"] = Numbered(tokens.Where(_ => _random.NextBelow(10) > 0).Append("[UNK]").Distinct()),
        };
    }

    /// <summary>Pieces up to six letters with the logarithm of how often they occur, sometimes rounded so that many ways to cut a word are
    /// equally good.</summary>
    private JsonObject Unigram(string style)
    {
        var counts = new Dictionary<string, int>();
        foreach (var (word, count) in Words(style))
        {
            var letters = word.EnumerateRunes().Select(rune => rune.ToString()).ToArray();
            for (var start = 0; start < letters.Length; start++)
                for (var length = 1; length <= 6 && start + length <= letters.Length; length++)
                    if (string.Concat(letters.AsSpan(start, length)) is var piece) counts[piece] = counts.GetValueOrDefault(piece) + count;
        }
        var digits = Pick(6, 6, 0);
        var pieces = counts.OrderByDescending(piece => piece.Value).ThenBy(piece => piece.Key, StringComparer.Ordinal).Take(400)
            .Select(piece => (piece.Key, Score: Math.Round(Math.Log((double)piece.Value / counts.Count), digits)))
                .Where(_ => _random.NextBelow(10) > 0).ToList();
        var unknown = Pick(0, 0, 2); // without one, a text that needs it is refused here, and not always by the library
        pieces.Insert(unknown, ("<unk>", 0));
        pieces.AddRange(Bytes().Select(piece => (piece, 0.0)));
        return new JsonObject
        {
            ["type"] = "Unigram", ["unk_id"] = unknown, ["byte_fallback"] = Coin,
            ["vocab"] = new JsonArray([.. pieces.DistinctBy(piece => piece.Key)
                .Select(piece => (JsonNode)new JsonArray(piece.Key, piece.Score))]),
        };
    }

    private static JsonObject WordLevel(string style) => new()
    {
        ["type"] = "WordLevel", ["unk_token"] = "<unk>",
        ["vocab"] = Numbered(Words(style).OrderByDescending(word => word.Value).ThenBy(word => word.Key, StringComparer.Ordinal)
            .Select(word => word.Key).Take(200).Append("<unk>").Distinct()),
    };

    private JsonArray AddedTokens(Dictionary<string, int> vocabulary, Normalizer normalize)
    {
        string[] contents = ["<s>", "</s>", "<unk>", "<mask>", "[MASK]", "<|im_start|>", "<|im|>", "the", "ing", "New York", "é", "École",
            " x ", "\n\n", "😀", "a", "##", "ß", "İ", "▁", "Ġ", "ﬁ", "12", "don't", "of", "中文", "e\u0301"];
        var tokens = new JsonArray();
        var next = vocabulary.Count;
        string[] drawn = [.. contents.Where(_ => _random.NextBelow(6) == 0)];
        // Where two tokens claim the same white space the library gives up, so all of them strip one side, if any.
        var strips = drawn.Any(content => content.Trim() != content) ? "" : Pick("lstrip", "rstrip");
        foreach (var content in drawn)
            tokens.Add(new JsonObject
            {
                ["id"] = vocabulary.TryGetValue(content, out var known) ? known : next++, ["content"] = content,
                    ["single_word"] = _random.NextBelow(4) == 0,
                ["lstrip"] = strips == "lstrip" && Coin, ["rstrip"] = strips == "rstrip" && Coin,
                ["normalized"] = Coin && normalize(content).Length > 0, ["special"] = Coin, // the library cannot look for what is nothing
            });
        return tokens;
    }

    private JsonObject Normalizer() => Pick("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Nmt", "Prepend",
        "Replace", "Pattern", "Bert", "ByteLevel", "Sequence", "Sequence") switch
    {
        "Strip" => new() { ["type"] = "Strip", ["strip_left"] = Coin, ["strip_right"] = Coin },
        "Prepend" => new() { ["type"] = "Prepend", ["prepend"] = Pick("▁", "x ") },
        "Replace" => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = Pick(" ", "a", "``", "  ") },
            ["content"] = Pick("▁", "", "\"", "b ") },
        "Pattern" => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["Regex"] = Pick(@"\s+", "[aeiou]", @"\d", " {2,}") },
            ["content"] = Pick(" ", "", "▁", "0") },
        "Bert" => new() { ["type"] = "BertNormalizer", ["clean_text"] = Coin, ["handle_chinese_chars"] = Coin,
            ["strip_accents"] = Pick<JsonNode?>(null, true, false), ["lowercase"] = Coin },
        "Sequence" => new() { ["type"] = "Sequence", ["normalizers"] = new JsonArray([.. Enumerable.Range(0, _random.NextBelow(4))
            .Select(_ => (JsonNode)Normalizer())]) },
        var alone => new() { ["type"] = alone },
    };

    /// <summary>All but UnicodeScripts, which is refused: the runtime knows no scripts.</summary>
    private JsonObject PreTokenizer() => Pick("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "CharDelimiterSplit", "Punctuation",
        "Digits", "Split", "Split", "Pattern", "Pattern", "FixedLength", "Sequence") switch
    {
        "CharDelimiterSplit" => new() { ["type"] = "CharDelimiterSplit", ["delimiter"] = Pick(" ", "e", "-") },
        "Punctuation" => new() { ["type"] = "Punctuation", ["behavior"] = Behavior },
        "Digits" => new() { ["type"] = "Digits", ["individual_digits"] = Coin },
        "Split" => new() { ["type"] = "Split", ["pattern"] = new JsonObject { ["String"] = Pick(" ", "e", "th", "\n", "  ") },
            ["behavior"] = Behavior, ["invert"] = Coin },
        "Pattern" => new() { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = Pick(@"\s+", @"\w+", @"\p{L}+|\p{N}{1,3}",
            @"[^\s\p{L}\p{N}]+", @"\s*[\r\n]+|\s+(?!\S)|\s+", @"'s|'t| ?\p{L}+", @"(?i:THE)", @"\w++|\s?+") }, ["behavior"] = Behavior,
            ["invert"] = Coin },
        "FixedLength" => new() { ["type"] = "FixedLength", ["length"] = Pick(1, 3, 5) },
        "Sequence" => new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray([.. Enumerable.Range(0, _random.NextBelow(4))
            .Select(_ => (JsonNode)PreTokenizer())]) },
        var alone => new() { ["type"] = alone },
    };

    private JsonObject? PostProcessor(Dictionary<string, int> vocabulary)
    {
        var (first, last) = (vocabulary.First(), vocabulary.Last());
        JsonArray Named(KeyValuePair<string, int> token) => new(token.Key, token.Value);
        JsonObject Special(KeyValuePair<string, int> token) => new() { ["id"] = token.Key, ["ids"] = new JsonArray(token.Value),
            ["tokens"] = new JsonArray(token.Key) };
        JsonObject Text() => new() { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } };
        JsonObject Token(KeyValuePair<string, int> token) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token.Key,
            ["type_id"] = 0 } };
        return Pick("none", "none", "Roberta", "Bert", "Template", "ByteLevel", "Sequence") switch
        {
            "none" => null,
            "Roberta" => new() { ["type"] = "RobertaProcessing", ["sep"] = Named(last), ["cls"] = Named(first), ["trim_offsets"] = Coin,
                ["add_prefix_space"] = Coin },
            "Bert" => new() { ["type"] = "BertProcessing", ["sep"] = Named(last), ["cls"] = Named(first) },
            "ByteLevel" => ByteLevel(),
            "Sequence" => new() { ["type"] = "Sequence", ["processors"] = new JsonArray(ByteLevel(), Template()) },
            _ => Template(),
        };

        JsonObject Template() => new()
        {
            ["type"] = "TemplateProcessing", ["single"] = Coin ? new JsonArray(Token(first), Text(), Token(last))
                : new JsonArray(Text(), Token(last), Token(last)),
            ["pair"] = new JsonArray(Text(), new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "B", ["type_id"] = 1 } }),
                ["special_tokens"] = new JsonObject { [first.Key] = Special(first), [last.Key] = Special(last) },
        };
    }

    private JsonObject Decoder() => Pick("WordPiece", "BPEDecoder", "CTC", "Fuse", "Strip", "Replace", "ByteFallback", "Metaspace",
        "Sequence", "Sequence") switch
    {
        "WordPiece" => new() { ["type"] = "WordPiece", ["prefix"] = Pick("##", "@@"), ["cleanup"] = Coin },
        "BPEDecoder" => new() { ["type"] = "BPEDecoder", ["suffix"] = Pick("</w>", "_") },
        "CTC" => new() { ["type"] = "CTC", ["pad_token"] = "<unk>", ["word_delimiter_token"] = "the", ["cleanup"] = Coin },
        "Strip" => new() { ["type"] = "Strip", ["content"] = Pick(" ", "e"), ["start"] = _random.NextBelow(3),
            ["stop"] = 0 }, // more than 0 ends the process: the reference panics on a token that is shorter
        "Replace" => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = Pick("▁", "e", "</w>") },
            ["content"] = Pick(" ", "") },
        "Metaspace" => Metaspace(),
        "Sequence" => new() { ["type"] = "Sequence", ["decoders"] = new JsonArray([.. Enumerable.Range(0, _random.NextBelow(4))
            .Select(_ => (JsonNode)Decoder())]) },
        var alone => new() { ["type"] = alone },
    };

    private JsonObject ByteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = Coin, ["trim_offsets"] = Coin,
        ["use_regex"] = Coin };

    /// <summary>Words are cut first, perhaps. "first" is then not drawn: it goes by offsets in the text as it was before normalising, which
    /// a part of a text that was put in front shares with what follows it.</summary>
    private JsonObject? Blanks(JsonObject? before)
    {
        var blanks = Metaspace();
        if (before is not null && (string?)blanks["prepend_scheme"] == "first") blanks["prepend_scheme"] = "always";
        return InOrder("pretokenizers", before, blanks);
    }

    private JsonObject Metaspace() => new() { ["type"] = "Metaspace", ["replacement"] = "▁", ["prepend_scheme"] = Pick("always", "first",
        "never"), ["split"] = Coin };

    private static JsonObject InOrder(string field, JsonObject? before, JsonObject last) => before is null ? last
        : new() { ["type"] = "Sequence", [field] = new JsonArray(before, last) };

    private string Behavior => Pick("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous");

    /// <summary>The tokens for bytes: all of them, most, or none.</summary>
    private string[] Bytes()
    {
        var kept = Pick(256, 200, 0);
        return [.. Enumerable.Range(0, kept).Select(value => $"<0x{value:X2}>")];
    }

    private bool Coin => _random.NextBelow(2) == 0;

    private T Pick<T>(params ReadOnlySpan<T> choices) => choices[_random.NextBelow(choices.Length)];

    private JsonObject? Maybe(int outOf, Func<JsonObject> draw) => _random.NextBelow(outOf) > 0 ? draw() : null;

    private static JsonObject Numbered(IEnumerable<string> tokens) =>
        new(tokens.Index().Select(token => KeyValuePair.Create(token.Item, (JsonNode?)token.Index)));

    /// <summary>Words of the sentences with their counts: as letters of bytes, with a blank of SentencePiece's kind before each, or as
    /// they are.</summary>
    private static Dictionary<string, int> Words(string style) => Sentences.SelectMany(sentence => style switch
    {
        "bytes" => Engine.Tokenizers.ByteLevel.Words(sentence).Select(Engine.Tokenizers.ByteLevel.ToLetters),
        "blanks" => sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => '▁' + word),
        _ => sentence.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
    }).CountBy(word => word).ToDictionary();

    private static (List<string> Tokens, List<(string Left, string Right)> Merges) Trained(string style, string prefix, string suffix)
    {
        lock (BytePairs)
        {
            if (!BytePairs.TryGetValue((style, prefix, suffix), out var trained)) BytePairs[(style, prefix,
                suffix)] = trained = Train(Words(style), prefix, suffix);
            return trained;
        }
    }

    /// <summary>Byte pair encoding in its plainest form: all pairs are counted anew for every merge.</summary>
    private static (List<string>, List<(string Left, string Right)>) Train(Dictionary<string, int> words, string prefix, string suffix)
    {
        var cut = words.Select(word => (Symbols: word.Key.EnumerateRunes().Select((rune, i) => (i > 0 ? prefix : "") + rune).ToList(),
            Count: word.Value)).ToList();
        foreach (var (symbols, _) in cut) symbols[^1] += suffix;
        List<string> tokens = [.. cut.SelectMany(word => word.Symbols).Distinct().Order(StringComparer.Ordinal)];
        List<(string Left, string Right)> merges = [];
        while (merges.Count < Merges)
        {
            var counts = new Dictionary<(string Left, string Right), int>();
            foreach (var (symbols, count) in cut)
                for (var i = 1; i < symbols.Count; i++)
                    counts[(symbols[i - 1], symbols[i])] = counts.GetValueOrDefault((symbols[i - 1], symbols[i])) + count;
            if (counts.Count == 0) break;
            var (left, right) = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.Left, StringComparer.Ordinal)
                .ThenBy(pair => pair.Key.Right, StringComparer.Ordinal).First().Key;
            var merged = left + right[prefix.Length..];
            merges.Add((left, right));
            tokens.Add(merged);
            foreach (var (symbols, _) in cut)
                for (var i = 0; i + 1 < symbols.Count; i++)
                    if (symbols[i] == left && symbols[i + 1] == right)
                    {
                        symbols[i] = merged;
                        symbols.RemoveAt(i + 1);
                    }
        }
        return ([.. tokens.Distinct()], merges);
    }
}
