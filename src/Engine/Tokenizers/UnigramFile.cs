using LoraDrop.Domain;
using static LoraDrop.Engine.Tokenizers.SentencePieceFile;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>A SentencePiece unigram model with what transformers' tokenizer classes add: ids, tokens, rewriting.</summary>
/// <remarks>The steps follow transformers' conversion (convert_slow_tokenizer.py), so ids equal those of its tokenizers.</remarks>
internal static class UnigramFile
{
    /// <summary>The tokenizer class of a model type, if tokenizer_config.json names none.</summary>
    private static readonly Dictionary<string, string> Classes = new()
    {
        ["xlm-roberta"] = "XLMRobertaTokenizer", ["xlm-roberta-xl"] = "XLMRobertaTokenizer", ["camembert"] = "CamembertTokenizer",
        ["albert"] = "AlbertTokenizer", ["deberta-v2"] = "DebertaV2Tokenizer",
    };

    /// <summary>Special tokens by role, with the default piece of each.</summary>
    private static readonly (string Part, string Token)[] RobertaParts =
        [("bos_token", "<s>"), ("pad_token", "<pad>"), ("eos_token", "</s>"), ("unk_token", "<unk>"), ("mask_token", "<mask>")];

    private static readonly (string Part, string Token)[] BertParts =
        [("pad_token", "[PAD]"), ("unk_token", "[UNK]"), ("cls_token", "[CLS]"), ("sep_token", "[SEP]"), ("mask_token", "[MASK]")];

    private static readonly (string Part, string Token)[] AlbertParts =
        [("pad_token", "<pad>"), ("unk_token", "<unk>"), ("cls_token", "[CLS]"), ("sep_token", "[SEP]"), ("mask_token", "[MASK]")];

    /// <summary>The folder's tokenizer class if its SentencePiece models are unigram; else null.</summary>
    public static string? ClassOf(SpecialTokenNames names)
    {
        if (!names.Config["tokenizer_class"].IsAbsent) return Classes.Values.FirstOrDefault(known => known == Stated(names));
        return names.Model["model_type"].TextOrNull is { } type ? Classes.GetValueOrDefault(type) : null;
    }

    /// <exception cref="RefusedInputException">The tokenizer class is not supported, or the model lacks a special token.</exception>
    public static TokenizerSteps Read(Contents model, SpecialTokenNames names) => ClassOf(names) switch
    {
        "XLMRobertaTokenizer" => XlmRoberta(model, names),
        "CamembertTokenizer" => Camembert(model, names),
        "AlbertTokenizer" => Albert(model, names),
        "DebertaV2Tokenizer" => Deberta(model, names),
        _ when Path.GetFileName(model.File) == "tokenizer.model" && Stated(names) is null or "LlamaTokenizer" => AsStored(model, names),
        _ => throw Unknown(model, names.Config["tokenizer_class"]),
    };

    private static string? Stated(SpecialTokenNames names) =>
        names.Config["tokenizer_class"].TextOrNull is { } kind && kind.EndsWith("Fast", StringComparison.Ordinal) ? kind[..^4]
        : names.Config["tokenizer_class"].TextOrNull;

    private static RefusedInputException Unknown(Contents model, JsonField stated) => stated.IsAbsent
        ? new(
            model.File,
            "does not say by itself which ids its pieces have in the model: that needs a tokenizer_class in tokenizer_config.json "
            + $"or a model_type in config.json ({string.Join(", ", Classes.Keys)}). Or save the tokenizer as tokenizer.json.")
        : stated.Refused(
            $"'{stated.Text}' is not supported beside {Path.GetFileName(model.File)}; "
            + $"{string.Join(", ", Classes.Values.Distinct())} are. "
            + "Save the tokenizer as tokenizer.json.");

    private static IEnumerable<(string Piece, double Score)> Scored(IEnumerable<Piece> pieces) =>
        pieces.Select(piece => (piece.Text, (double)piece.Score));

    private static TokenizerSteps XlmRoberta(Contents model, SpecialTokenNames names) =>
        Roberta(model, names, [("<s>", 0), ("<pad>", 0), ("</s>", 0), ("<unk>", 0), .. Scored(model.Pieces.Skip(3)), ("<mask>", 0)], []);

    /// <summary>The model's own unknown piece is scored far below the others, so that it is not used.</summary>
    private static TokenizerSteps Camembert(Contents model, SpecialTokenNames names)
    {
        List<(string, double)> first = [("<s>NOTUSED", 0), ("<pad>", 0), ("</s>NOTUSED", 0), ("<unk>", 0), ("<unk>NOTUSED", -100)];
        string[] unused = ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"];
        return Roberta(model, names, [.. first, .. Scored(model.Pieces.Skip(1)), ("<mask>", 0)], unused);
    }

    /// <summary>XLM-RoBERTa's and CamemBERT's: fairseq's ids, with four or five pieces at the front and the mask at the end.</summary>
    private static TokenizerSteps Roberta(Contents model, SpecialTokenNames names, List<(string, double)> pieces, string[] unused)
    {
        var words = new UnigramModel(pieces, unknown: 3, byteFallback: false, model.File);
        var normalize = Normalizers.InOrder([.. Map(model), .. OneBlank(PreTokenizers.Blank)]);
        var special = Special(model, names, words, RobertaParts);
        var added = unused.Select(token => new AddedToken(token, words.Vocabulary[token])).Concat(special);
        return new(
            normalize, Added(model, names, words, added, normalize), Metaspace("always"), words,
            SequenceTemplate.Roberta(words.Vocabulary["<s>"], words.Vocabulary["</s>"]),
            Decoders.Metaspace(PreTokenizers.Blank, prefix: true));
    }

    /// <summary>ALBERT's: lower-cased, without accents unless keep_accents; pieces like <c>1,</c> are scored far below the
    /// others.</summary>
    private static TokenizerSteps Albert(Contents model, SpecialTokenNames names)
    {
        var pieces = Scored(model.Pieces).ToList();
        for (var i = 0; i < pieces.Count; i++)
            if (pieces[i].Piece is [.., var digit, ','] && char.IsDigit(digit)) pieces[i] = (pieces[i].Piece, pieces[i].Score - 100);
        var words = new UnigramModel(pieces, UnknownId(model), byteFallback: false, model.File);
        List<Normalizer> steps = [text => text.Replace("``", "\"").Replace("''", "\"")];
        if (!names.Config["keep_accents"].Flag(false))
            steps.Add(text => Normalizers.StripAccents(UnicodeDecomposition.Decompose(text, compatibility: true)));
        if (names.Config["do_lower_case"].Flag(true)) steps.Add(Normalizers.Lowercase);
        var normalize = Normalizers.InOrder([.. steps, .. Map(model), text => SingleBlanks(text, " ")]);
        return Bert(model, names, words, AlbertParts, normalize, Metaspace("always"));
    }

    /// <summary>DeBERTa v2's and v3's: [MASK] is added after the pieces.</summary>
    private static TokenizerSteps Deberta(Contents model, SpecialTokenNames names)
    {
        var unknown = model.IdOf(names.Of("unk_token"), "[UNK]", 40, 3);
        var words = new UnigramModel([.. Scored(model.Pieces)], unknown, byteFallback: false, model.File);
        var lowercase = names.Config["do_lower_case"].Flag(false) ? (Normalizer[])[Normalizers.Lowercase] : [];
        Normalizer[] steps = [.. lowercase, Normalizers.Strip(left: true, right: true), .. Map(model), text => SingleBlanks(text, " ")];
        var normalize = Normalizers.InOrder(steps);
        var metaspace = Metaspace("always");
        var split = !names.Config["split_by_punct"].Flag(false) ? metaspace
            : PreTokenizers.InOrder([PreTokenizers.Punctuation(SplitBehavior.Isolated), metaspace]);
        return Bert(model, names, words, BertParts, normalize, split);
    }

    private static TokenizerSteps Bert(
        Contents model, SpecialTokenNames names, UnigramModel words, (string Part, string Token)[] parts,
        Normalizer normalize, PreTokenizer split)
    {
        var special = Special(model, names, words, parts).ToList();
        var ids = parts.Zip(special).ToDictionary(pair => pair.First.Part, pair => pair.Second.Id);
        return new(
            normalize, Added(model, names, words, special, normalize), split, words,
            SequenceTemplate.Bert(ids["cls_token"], ids["sep_token"]), Decoders.Metaspace(PreTokenizers.Blank, prefix: true));
    }

    /// <summary>Uses only what the file says, with Llama's tokens around each text.</summary>
    private static TokenizerSteps AsStored(Contents model, SpecialTokenNames names)
    {
        var words = new UnigramModel([.. Scored(model.Pieces)], UnknownId(model), model.HasBytes, model.File);
        var normalize = Normalizers.InOrder([.. Map(model), .. model.SingleBlanks ? OneBlank(PreTokenizers.Blank) : []]);
        int begin = model.IdOf(names.Of("bos_token"), "<s>", 41, 1), end = model.IdOf(names.Of("eos_token"), "</s>", 42, 2);
        int[] before = names.Config["add_bos_token"].Flag(true) && begin >= 0 ? [begin] : [];
        int[] after = names.Config["add_eos_token"].Flag(false) && end >= 0 ? [end] : [];
        return new(
            normalize, Added(model, names, words, [], normalize), Metaspace(model.Prefix ? "always" : "never"), words,
            SequenceTemplate.Around(before, after), Decoders.Sentence(model.Prefix));
    }

    private static int UnknownId(Contents model) => model.Pieces.FindIndex(piece => piece.Type == PieceType.Unknown) is >= 0 and var id ? id
        : throw new RefusedInputException(model.File, "has no piece for what is unknown");

    private static IEnumerable<Normalizer> Map(Contents model)
    {
        if (model.Map.Length == 0) return [];
        try
        {
            return [new PrecompiledMap(model.Map).Normalize];
        }
        catch (InvalidDataException damaged)
        {
            throw new RefusedInputException(
                model.File, $"has a damaged character map (precompiled_charsmap): {damaged.Message}. Download it again.");
        }
    }

    /// <summary>Trims white space on the right, and collapses repeated blanks.</summary>
    private static Normalizer[] OneBlank(string blank) => [Normalizers.Strip(left: false, right: true), text => SingleBlanks(text, blank)];

    private static string SingleBlanks(string text, string instead)
    {
        if (!text.Contains("  ", StringComparison.Ordinal)) return text;
        var single = new System.Text.StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var end = at;
            while (end < text.Length && text[end] == ' ') end++;
            if (end - at >= 2) single.Append(instead);
            else single.Append(text[at]);
            at = Math.Max(end, at + 1);
        }
        return single.ToString();
    }

    private static PreTokenizer Metaspace(string scheme) => PreTokenizers.Metaspace(PreTokenizers.Blank, scheme, split: true);

    /// <summary>The special tokens by role, in order; a mask missing from the model is added after its pieces.</summary>
    private static IEnumerable<AddedToken> Special(
        Contents model, SpecialTokenNames names, UnigramModel words, (string Part, string Token)[] parts)
    {
        foreach (var (part, usual) in parts)
        {
            var token = names.Of(part) ?? usual;
            var id = words.Vocabulary.TryGetValue(token, out var known) ? known
                : names.Beside.FirstOrDefault(one => one.Content == token)?.Id;
            if (part == "mask_token") id ??= words.Vocabulary.Count;
            if (id is null) throw new RefusedInputException(model.File, $"lacks the {part} '{PlainText.Shown(token)}'.");
            yield return names.Token(part, token, id.Value, leftStrip: part == "mask_token");
        }
    }

    /// <summary>Special tokens, the model's own control and user-defined pieces, and the folder's added tokens.</summary>
    private static AddedTokens Added(
        Contents model, SpecialTokenNames names, UnigramModel words, IEnumerable<AddedToken> special, Normalizer normalize)
    {
        var own = model.Pieces.Where(piece => piece.Type is PieceType.Unknown or PieceType.Control or PieceType.UserDefined)
            .Where(piece => words.Vocabulary.ContainsKey(piece.Text))
            .Select(piece => new AddedToken(piece.Text, words.Vocabulary[piece.Text], Special: piece.Type != PieceType.UserDefined));
        return new AddedTokens(names.AddedTo([.. special.Concat(own).DistinctBy(token => token.Content)]), normalize);
    }
}
