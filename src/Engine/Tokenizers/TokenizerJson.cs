using System.Text.Json;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Reads <c>tokenizer.json</c>, the format of Hugging Face <c>tokenizers</c>.</summary>
internal static class TokenizerJson
{
    /// <exception cref="Domain.RefusedInputException">The file is missing or damaged, or requires something unsupported.</exception>
    public static TokenizerSteps Read(string file, SpecialTokenNames names)
    {
        var json = JsonField.Read(file);
        var normalize = Normalizers.From(json["normalizer"]);
        var model = Model(json["model"]);
        var tokens = json["added_tokens"].IsAbsent ? [] : json["added_tokens"].Items.Select(AddedToken.From).ToList();
        var added = new AddedTokens(WithReferenceIds(names.AddedTo(tokens), model).GroupBy(token => token.Content).Select(Last), normalize);
        return new TokenizerSteps(
            normalize,
            added,
            PreTokenizers.From(json["pre_tokenizer"]),
            model,
            AroundText(names, added, model) ?? SequenceTemplate.From(json["post_processor"]),
            Decoders.From(json["decoder"]));
    }

    /// <summary>Added tokens with the ids that Hugging Face's library assigns, regardless of the file: a token also in the vocabulary keeps
    /// its id there, and the others are numbered from the end of the vocabulary, in file order.</summary>
    /// <remarks>Other libraries use the ids in the file. A file where these differ is refused: whichever were used, the same text would
    /// silently select other embedding rows elsewhere.</remarks>
    private static IEnumerable<AddedToken> WithReferenceIds(IEnumerable<AddedToken> tokens, IWordModel model)
    {
        var given = new Dictionary<string, int>();
        foreach (var token in tokens.Where(token => token.Content.Length > 0))
        {
            if (model.Vocabulary.TryGetValue(token.Content, out var id))
            {
                yield return token with { Id = id };
                continue;
            }
            if (!given.TryGetValue(token.Content, out id)) given.Add(token.Content, id = model.Vocabulary.Count + given.Count);
            yield return id == token.Id ? token : throw token.Stated.Refused(
                $"gives '{token.Content}' the id {token.Id}, and Hugging Face's tokenizers {id}: they number added "
                + "tokens on from the end of the vocabulary, in the order of the file. Correct the file, or save the "
                + "tokenizer with that library.");
        }
    }

    /// <summary>For repeated entries the last defines how the token is matched; decoding skips it if any entry says so. The reference does
    /// the same.</summary>
    private static AddedToken Last(IEnumerable<AddedToken> same) => same.Last() with { Special = same.Any(token => token.Special) };

    /// <summary>The special tokens around a text according to tokenizer_config.json; null if the post-processor defines them.</summary>
    /// <remarks>transformers' Llama tokenizers replace the file's post-processor by add_bos_token and add_eos_token: DeepSeek's distilled
    /// models get their first token only this way.</remarks>
    private static SequenceTemplate? AroundText(SpecialTokenNames names, AddedTokens added, IWordModel model)
    {
        JsonField begins = names.Config["add_bos_token"], ends = names.Config["add_eos_token"];
        if (names.Config["tokenizer_class"].TextOrNull is not ("LlamaTokenizer" or "LlamaTokenizerFast")
            || (begins.IsAbsent && ends.IsAbsent))
            return null;
        return SequenceTemplate.Around(begins.Flag(true) ? [IdOf("bos_token", begins)] : [], ends.Flag(false)
            ? [IdOf("eos_token", ends)]
            : []);

        int IdOf(string part, JsonField asked)
        {
            var token = names.Of(part) ?? throw asked.Refused($"asks for a token around each text, and {part} names none.");
            return added.All.FirstOrDefault(one => one.Content == token)?.Id ?? (model.Vocabulary.TryGetValue(token, out var id)
                ? id
                : throw asked.Refused($"asks for {part} around each text, and '{token}' is not in the vocabulary."));
        }
    }

    /// <summary>A vocabulary: tokens with their ids.</summary>
    public static Dictionary<string, int> Vocabulary(JsonField field)
    {
        var vocabulary = new Dictionary<string, int>();
        foreach (var (token, id) in field.Members) vocabulary[token] = id.Number >= 0 ? id.Number : throw id.Refused("an id is 0 or more.");
        return vocabulary.Count > 0 ? vocabulary : throw field.Refused("must name tokens.");
    }

    private static IWordModel Model(JsonField model) => (model["type"].TextOrNull ?? GuessedType(model)) switch
    {
        "BPE" => BytePair(model),
        "Unigram" => Unigram(model),
        "WordPiece" => WordPiece(model),
        "WordLevel" => WordLevel(model),
        var other => throw model["type"].Refused($"the model '{other}' is not supported; BPE, Unigram, WordPiece and WordLevel are."),
    };

    /// <summary>Infers the type, which old files omit.</summary>
    private static string GuessedType(JsonField model) => !model["merges"].IsAbsent ? "BPE"
        : model["vocab"].Value.ValueKind == JsonValueKind.Array ? "Unigram"
        : model["continuing_subword_prefix"].IsAbsent ? "WordLevel" : "WordPiece";

    private static WordLevelModel WordLevel(JsonField model) =>
        new(Vocabulary(model["vocab"]), model["unk_token"].TextOrNull ?? "<unk>", $"{model.File} {model.Path}.unk_token");

    private static UnigramModel Unigram(JsonField model)
    {
        var field = model["vocab"];
        if (field.Value.ValueKind != JsonValueKind.Array || field.Value.GetArrayLength() == 0)
            throw field.Refused("must be a list of pieces with their scores.");
        var pieces = new List<(string, double)>(field.Value.GetArrayLength());
        foreach (var item in field.Value.EnumerateArray())
        {
            var isPair = item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2;
            if (!isPair || item[0].ValueKind != JsonValueKind.String || item[1].ValueKind != JsonValueKind.Number)
                throw field.Items.ElementAt(pieces.Count).Refused("must be a piece and its score.");
            pieces.Add((item[0].GetString()!, item[1].GetDouble()));
        }
        int? unknown = model["unk_id"].IsAbsent ? null : model["unk_id"].Number;
        if (unknown < 0 || unknown >= pieces.Count)
            throw model["unk_id"].Refused($"is {unknown}; the pieces have ids from 0 to {pieces.Count - 1}.");
        return new UnigramModel(pieces, unknown, model["byte_fallback"].Flag(false), $"{model.File} {model.Path}.unk_id");
    }

    private static BytePairModel BytePair(JsonField model)
    {
        var continuation = model["continuing_subword_prefix"].TextOrNull ?? "";
        if (model["dropout"] is { IsAbsent: false } dropout && dropout.Value.GetRawText() is not ("0" or "0.0"))
        {
            throw dropout.Refused("merges left out at random are not supported; set it to null.");
        }
        var vocabulary = Vocabulary(model["vocab"]);
        var merges = model["merges"].Items.Select(Merge).ToList();
        if (BytePairModel.FirstMissing(vocabulary, merges, continuation) is { } missing)
            throw model["merges"].Refused($"'{missing}' is not in the vocabulary.");
        return new BytePairModel(vocabulary, merges, continuation)
        {
            EndOfWord = model["end_of_word_suffix"].TextOrNull ?? "",
            UnknownToken = model["unk_token"].IsAbsent ? null : TokenIn(vocabulary, model["unk_token"]),
            FuseUnknown = model["fuse_unk"].Flag(false),
            ByteFallback = model["byte_fallback"].Flag(false),
            IgnoreMerges = model["ignore_merges"].Flag(false),
        };
    }

    /// <summary>Two tokens, as a list or separated by a blank.</summary>
    private static (string Left, string Right) Merge(JsonField merge)
    {
        string[] parts = merge.IsText ? merge.Text.Split(' ') : [.. merge.Items.Select(part => part.Text)];
        return parts is [var left, var right] ? (left, right) : throw merge.Refused("must be two tokens.");
    }

    private static WordPieceModel WordPiece(JsonField model)
    {
        var vocabulary = Vocabulary(model["vocab"]);
        var maximumLength = model["max_input_chars_per_word"] is { IsAbsent: false } set ? set.Number : 100;
        return new WordPieceModel(vocabulary, TokenIn(vocabulary, model["unk_token"]), model["continuing_subword_prefix"].TextOrNull
            ?? "##", maximumLength);
    }

    private static string TokenIn(Dictionary<string, int> vocabulary, JsonField token) =>
        vocabulary.ContainsKey(token.Text) ? token.Text : throw token.Refused("is not in the vocabulary.");
}
