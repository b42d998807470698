using System.Collections.Concurrent;
using System.Collections.Frozen;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Converts text to token ids and back, id for id like Hugging Face <c>tokenizers</c>.</summary>
/// <remarks>
/// <para>text → split at added tokens → normalise → words → model → truncate → special tokens; the steps of a tokenizer.json.
/// Thread-safe.</para>
/// <para>Supports BPE over bytes (RoBERTa, GPT-2, Llama 3) or with byte fallback (Llama 2), unigram models (XLM-RoBERTa, CamemBERT),
/// WordPiece (BERT) and whole words; anything else is refused. docs/decisions/tokenizers.md says where ids can differ.</para>
/// </remarks>
public sealed class Tokenizer
{
    private const int LongestCachedWord = 64, MostCachedWords = 100_000;

    /// <summary>File names of SentencePiece models: Llama's, XLM-RoBERTa's and CamemBERT's, ALBERT's, DeBERTa's.</summary>
    private static readonly string[] SentencePieceNames = ["tokenizer.model", "sentencepiece.bpe.model", "spiece.model", "spm.model"];

    /// <summary>The files that a tokenizer may consist of.</summary>
    public static IReadOnlyList<string> FileNames { get; } =
    [
        "tokenizer.json", "vocab.json", "merges.txt", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        .. SentencePieceNames, "chat_template.jinja", "chat_template.json", .. ChatTemplate.MoreFiles,
        "generation_config.json",
    ];

    private readonly TokenizerSteps _steps;
    private readonly FrozenDictionary<string, int> _ids;
    private readonly FrozenDictionary<int, string> _tokens;
    private readonly int _rows;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cachedParts;
    private int _cachedWords;

    private Tokenizer(TokenizerSteps steps, SpecialTokenNames names, int rows)
    {
        (_steps, _rows) = (steps, rows);
        _cachedParts = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        Dictionary<string, int> ids = [];
        Dictionary<int, string> tokens = [];
        foreach (var (token, id) in steps.Model.Vocabulary) (ids[token], tokens[id]) = (id, token);
        foreach (var token in steps.Added.All) (ids[token.Content], tokens[token.Id]) = (token.Id, token.Content);
        (_ids, _tokens) = (ids.ToFrozenDictionary(), tokens.ToFrozenDictionary());
        SpecialIds = steps.Added.All.Where(token => token.Special).Select(token => token.Id).ToFrozenSet();
        UnknownId = IdOf(steps.Model.UnknownToken, names.Of("unk_token"), "<unk>", "[UNK]");
        MaskId = IdOf(names.Of("mask_token"), "<mask>", "[MASK]");
        EndId = IdOf(names.Of("eos_token"), "</s>", "[SEP]", "<|endoftext|>", "<|end_of_text|>");
        PadId = IdOf(names.Of("pad_token"), "<pad>", "[PAD]", "<|finetune_right_pad_id|>") ?? EndId ?? 0;
        VocabularySize = _ids.Values.Max() + 1;
        var added = steps.Added.All.Select(token => token.Content).ToHashSet();
        var own = steps.Model.Vocabulary.Where(token => !added.Contains(token.Key)).Select(token => token.Value);
        RowsNeeded = own.Concat(steps.Template.SpecialIds).Append(EndId ?? 0).Max() + 1;
    }

    /// <summary>Pads texts in a batch: the pad token, else the end token, else 0.</summary>
    /// <remarks>Attention ignores padding, so for a model without a pad token (GPT-2, Llama 2) any id will do.</remarks>
    public int PadId { get; }

    /// <summary>The mask token of masked language modelling, or null.</summary>
    public int? MaskId { get; }

    /// <summary>The token for anything missing from the vocabulary; null if nothing can be missing (GPT-2).</summary>
    public int? UnknownId { get; }

    /// <summary>The token that ends a text or a generated answer, or null.</summary>
    public int? EndId { get; }

    /// <summary>The largest id plus one.</summary>
    public int VocabularySize { get; }

    /// <summary>The fewest rows an embedding needs: for the vocabulary, the tokens around each text, and the end token.</summary>
    /// <remarks>Models are often published with added tokens beyond these that have no rows and may never occur.</remarks>
    public int RowsNeeded { get; }

    /// <summary>Added tokens whose ids are <paramref name="rows"/> or more.</summary>
    public IEnumerable<string> AddedBeyond(int rows) => _steps.Added.All.Where(token => token.Id >= rows).Select(token => token.Content);

    /// <summary>The ids that decoding skips as special.</summary>
    public IReadOnlySet<int> SpecialIds { get; }

    /// <summary>Reads the tokenizer of a model's folder.</summary>
    /// <param name="folder">Holds tokenizer.json; or a SentencePiece model (tokenizer.model, which may also hold Llama 3's ranks,
    /// sentencepiece.bpe.model, spiece.model, spm.model); or vocab.json and merges.txt (byte-level BPE); or vocab.txt (WordPiece). The
    /// first found is read. special_tokens_map.json, tokenizer_config.json, added_tokens.json and, with a SentencePiece model, config.json
    /// are used if present.</param>
    /// <remarks>Truncation and padding stored in tokenizer.json are ignored: <see cref="Encode"/> takes the length, and batches
    /// pad.</remarks>
    /// <param name="rows">Rows of the model's embedding: encoding a text with an added token beyond them is refused. Default: no
    /// limit.</param>
    /// <exception cref="RefusedInputException">Files are missing or damaged, or require an unsupported step; the message names file and
    /// field.</exception>
    public static Tokenizer Load(string folder, int rows = int.MaxValue)
    {
        GitLfsPointer.RefuseIn(folder, []);
        var names = SpecialTokenNames.Read(folder);
        var model = SentencePieceNames.Where(Has).Select(name => Path.Combine(folder, name)).FirstOrDefault();
        return new Tokenizer(Has("tokenizer.json") ? TokenizerJson.Read(Path.Combine(folder, "tokenizer.json"), names)
            : model is not null ? TiktokenFile.Is(model) ? TiktokenFile.Read(model, names) : SentencePieceFile.Read(model, names)
            : Has("vocab.json") ? VocabularyFiles.BytePair(folder, names)
            : Has("vocab.txt") ? VocabularyFiles.WordPiece(folder, names)
            : throw new RefusedInputException(
                folder,
                $"holds no tokenizer: put tokenizer.json there, or {string.Join(", ", SentencePieceNames)}, "
                + "or vocab.json and merges.txt, or vocab.txt."),
            names, rows);

        bool Has(string name) => File.Exists(Path.Combine(folder, name));
    }

    /// <summary>Whether files with these names hold a tokenizer.</summary>
    public static bool IsAmong(IReadOnlySet<string> names) => names.Contains("tokenizer.json") || SentencePieceNames.Any(names.Contains)
        || names.Contains("vocab.txt") || (names.Contains("vocab.json") && names.Contains("merges.txt"));

    /// <summary>The ids of a text or a pair, with the special tokens that the model expects around them.</summary>
    /// <param name="first">A text; may be empty.</param>
    /// <param name="second">The second text of a pair, or null for a single text, which differs from an empty one.</param>
    /// <param name="maxLength">The most ids, including special tokens; null for no limit. Tokens are dropped from the right of the longer
    /// text until both are equally long, then from both.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public TokenizedText Encode(string first, string? second = null, int? maxLength = null)
    {
        var firstIds = Tokens(first, maxLength);
        var secondIds = second is null ? null : Tokens(second, maxLength);
        if (maxLength is { } limit)
        {
            var special = _steps.Template.SpecialCount(ofPair: second is not null);
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, special, nameof(maxLength));
            LongestFirst.Cut(firstIds, secondIds, limit - special);
        }
        return _steps.Template.Fill(firstIds, secondIds);
    }

    /// <summary>The ids of a text alone: special tokens in it are recognised, none are added.</summary>
    public int[] EncodeBare(string text) => [.. Tokens(text, null)];

    /// <summary>The ids of an unfinished text: with the special tokens before it, without those after.</summary>
    public int[] EncodePrefix(string text) => [.. _steps.Template.Before, .. Tokens(text, null)];

    /// <summary>Number of special tokens before a text.</summary>
    public int PrefixLength => _steps.Template.Before.Length;

    /// <summary>The text of ids; unknown ids are skipped.</summary>
    /// <param name="ids">Token ids, from <see cref="Encode"/> or generated.</param>
    /// <param name="skipSpecialTokens">Whether to skip <see cref="SpecialIds"/>; default true.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        var kept = ids.Where(id => _tokens.ContainsKey(id) && !(skipSpecialTokens && SpecialIds.Contains(id)));
        return string.Concat(_steps.Decode(kept.Select(id => _tokens[id])));
    }

    /// <summary>The ids without special tokens around them; stops after the word that reaches <paramref name="enough"/>.</summary>
    /// <remarks>The reference stops early since 0.23, and the result depends on it: if both texts reach the limit, neither counts as the
    /// longer.</remarks>
    private List<int> Tokens(string text, int? enough)
    {
        var ids = new List<int>(text.Length / 3 + 1);
        foreach (var piece in _steps.Added.Split(text))
        {
            if (piece.Token is { } token)
            {
                if (token.Id >= _rows) throw BeyondRows(token, text);
                ids.Add(token.Id);
                continue;
            }
            foreach (var word in _steps.SplitWords(piece.Text, piece.Begins))
            {
                AppendWord(word, ids);
                if (ids.Count >= enough) return ids;
            }
        }
        return ids;
    }

    private RefusedInputException BeyondRows(AddedToken token, string text) => new(
        $"the text '{PlainText.Shown(PlainText.Clipped(text))}'",
        $"has the token '{PlainText.Shown(token.Content)}', id {token.Id}, for which the model has no row: its embedding has {_rows}. "
        + "Leave the token out, or take a model whose embedding was enlarged for it.");

    private void AppendWord(ReadOnlySpan<char> word, List<int> ids)
    {
        while (word.Length > 0)
        {
            var length = _steps.Model.IndependentLength(word);
            AppendPart(word[..length], ids);
            word = word[length..];
        }
    }

    private void AppendPart(ReadOnlySpan<char> part, List<int> ids)
    {
        if (_cachedParts.TryGetValue(part, out var known))
        {
            ids.AddRange(known);
            return;
        }
        var start = ids.Count;
        var word = part.ToString();
        _steps.Model.Append(word, ids);
        if (word.Length > LongestCachedWord || Volatile.Read(ref _cachedWords) >= MostCachedWords) return;
        if (_cache.TryAdd(word, [.. ids[start..]])) Interlocked.Increment(ref _cachedWords);
    }

    private int? IdOf(params IEnumerable<string?> candidates)
    {
        foreach (var token in candidates)
        {
            if (token is not null && _ids.TryGetValue(token, out var id)) return id;
        }
        return null;
    }
}
