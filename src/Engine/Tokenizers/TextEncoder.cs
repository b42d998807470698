using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>A model's tokenizer with the model's limits.</summary>
public sealed class TextEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _typed;

    /// <param name="folder">The model's folder.</param>
    /// <param name="config">The model.</param>
    /// <param name="maxLength">The requested limit in tokens; the model's own limit also applies.</param>
    public TextEncoder(string folder, ModelConfig config, int maxLength)
    {
        _tokenizer = TokenizerOf(folder, config);
        Fit = [.. Remarks(_tokenizer, config)];
        LongestText = Math.Min(maxLength, config.LongestText);
        _typed = config is EncoderConfig { Family: EncoderFamily.Bert, TokenTypes: > 1 };
    }

    /// <summary>The tokenizer of a model's folder.</summary>
    /// <exception cref="RefusedInputException">It is missing, or its vocabulary has more tokens than the model.</exception>
    internal static Tokenizer TokenizerOf(string folder, ModelConfig config)
    {
        var tokenizer = Tokenizer.Load(folder, config.VocabularySize);
        return tokenizer.RowsNeeded <= config.VocabularySize ? tokenizer
            : throw new RefusedInputException(folder,
            $"the tokenizer knows {tokenizer.VocabularySize} tokens, the model {config.VocabularySize}: they do not belong together");
    }

    /// <summary>Remarks for the user on tokens that the model has no row for.</summary>
    internal static IEnumerable<string> Remarks(Tokenizer tokenizer, ModelConfig config)
    {
        string[] beyond = [.. tokenizer.AddedBeyond(config.VocabularySize)];
        if (beyond.Length > 0)
            yield return
                $"The model has {config.VocabularySize} rows for tokens, and none for {beyond.Length} that are added " + "to its tokenizer "
                + $"({PlainText.Clipped(string.Join(", ", beyond))}): a text with one of them is refused.";
    }

    /// <summary>Remarks for the user on how the tokenizer fits the model.</summary>
    public IReadOnlyList<string> Fit { get; }

    /// <summary>The most tokens in a text, including special tokens.</summary>
    public int LongestText { get; }

    public TokenizedText Encode(string first, string? second)
    {
        var text = _tokenizer.Encode(first, second, LongestText);
        return _typed ? text : text with { TypeIds = new int[text.Ids.Length] };
    }

    /// <summary>Whether a text is longer than <see cref="LongestText"/>, and so is cut.</summary>
    public bool Cuts(string first, string? second) => _tokenizer.Encode(first, second, int.MaxValue).Ids.Length > LongestText;

    public LabelledSet Encode(IReadOnlyList<Example> examples) =>
        new([.. examples.Select(e => Encode(e.First, e.Second))], [.. examples.Select(e => e.Label)]);
}
