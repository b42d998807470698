using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Reads the layouts that predate tokenizer.json; settings they lack are those of the published models.</summary>
internal static class VocabularyFiles
{
    private readonly record struct Part(string Name, string Token, bool LeftStrip = false);

    private static readonly Part[] RobertaParts =
        [new("bos_token", "<s>"), new("pad_token", "<pad>"), new("eos_token", "</s>"), new("unk_token", "<unk>"),
            new("mask_token", "<mask>", LeftStrip: true)];

    private static readonly Part[] Gpt2Parts = [new("eos_token", "<|endoftext|>")];

    private static readonly Part[] BertParts =
        [new("unk_token", "[UNK]"), new("sep_token", "[SEP]"), new("pad_token", "[PAD]"), new("cls_token", "[CLS]"),
            new("mask_token", "[MASK]")];

    /// <summary>vocab.json and merges.txt: RoBERTa if the vocabulary has <c>&lt;s&gt;</c> (or the folder's bos_token), else
    /// GPT-2.</summary>
    public static TokenizerSteps BytePair(string folder, SpecialTokenNames names)
    {
        RefuseAddedTokens(folder);
        if (names.Config["tokenizer_class"] is { IsAbsent: false } kind && kind.Text.StartsWith("Qwen", StringComparison.Ordinal))
            throw kind.Refused(
                "splits words by a pattern that vocab.json and merges.txt do not hold; save the tokenizer as tokenizer.json.");
        var vocabularyFile = Path.Combine(folder, "vocab.json");
        var vocabulary = TokenizerJson.Vocabulary(JsonField.Read(vocabularyFile));
        var isRoberta = vocabulary.ContainsKey("<s>") || names.Of("cls_token") is not null;
        var special = Special(isRoberta ? RobertaParts : Gpt2Parts, names, vocabulary, vocabularyFile);
        return new TokenizerSteps(
            Unchanged,
            new AddedTokens(special.Values, Unchanged),
            PreTokenizers.ByteLevelWords(names.Config["add_prefix_space"].Flag(false)),
            new BytePairModel(vocabulary, Merges(Path.Combine(folder, "merges.txt"), vocabulary)),
            isRoberta ? SequenceTemplate.Roberta(special["bos_token"].Id, special["eos_token"].Id) : SequenceTemplate.Plain,
            Decoders.Bytes);
    }

    /// <summary>vocab.txt, one token per line: BERT, uncased unless tokenizer_config.json says otherwise.</summary>
    public static TokenizerSteps WordPiece(string folder, SpecialTokenNames names)
    {
        RefuseAddedTokens(folder);
        var file = Path.Combine(folder, "vocab.txt");
        var vocabulary = new Dictionary<string, int>();
        foreach (var (id, token) in File.ReadLines(file).Index()) vocabulary[token] = id;
        var special = Special(BertParts, names, vocabulary, file);
        var lowercase = names.Config["do_lower_case"].Flag(true);
        var normalizer = new BertNormalizer(
            CleanText: true, names.Config["tokenize_chinese_chars"].Flag(true), names.Config["strip_accents"].Flag(lowercase), lowercase);
        return new TokenizerSteps(
            normalizer.Normalize,
            new AddedTokens(special.Values, normalizer.Normalize),
            (text, _) => PreTokenizers.BertWords(text),
            new WordPieceModel(vocabulary, special["unk_token"].Content, continuation: "##", maximumLength: 100),
            SequenceTemplate.Bert(special["cls_token"].Id, special["sep_token"].Id),
            Decoders.WordPieces("##", cleanUp: true));
    }

    private static Dictionary<string, AddedToken> Special(
        IEnumerable<Part> parts, SpecialTokenNames names, Dictionary<string, int> vocabulary, string file)
    {
        var special = new Dictionary<string, AddedToken>();
        foreach (var part in parts)
        {
            var token = names.Of(part.Name) ?? part.Token;
            if (!vocabulary.TryGetValue(token, out var id)) throw new RefusedInputException(file, $"lacks the {part.Name} '{token}'.");
            special[part.Name] = names.Token(part.Name, token, id, part.LeftStrip);
        }
        return special;
    }

    /// <summary>One merge per line, in order, after a version line.</summary>
    private static List<(string Left, string Right)> Merges(string file, Dictionary<string, int> vocabulary)
    {
        if (!File.Exists(file))
            throw new RefusedInputException(file,
                "the file is missing: vocab.json alone is not enough, copy merges.txt from the same model.");
        var merges = new List<(string, string)>();
        foreach (var (row, line) in File.ReadLines(file).Index())
        {
            if (line.Length == 0 || line.StartsWith("#version", StringComparison.Ordinal)) continue;
            if (line.Split(' ') is not [var left, var right])
                throw new RefusedInputException($"{file} line {row + 1}", "must be two tokens with a blank between them.");
            merges.Add((left, right));
        }
        return BytePairModel.FirstMissing(vocabulary, merges) is { } missing
            ? throw new RefusedInputException(file, $"'{missing}' is not in vocab.json; the two files must be of one model.") : merges;
    }

    private static void RefuseAddedTokens(string folder)
    {
        var file = Path.Combine(folder, "added_tokens.json");
        if (File.Exists(file)) throw new RefusedInputException(file, "is not supported; save the tokenizer as tokenizer.json.");
    }

    private static string Unchanged(string text) => text;
}
