using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>A model's tokenizer, with the model's limits.</summary>
public sealed class TextEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _typed;

    /// <param name="folder">The model's folder.</param>
    /// <param name="config">The model.</param>
    /// <param name="maxLength">The limit that was asked for, in tokens; the model's own limit holds besides.</param>
    public TextEncoder(string folder, ModelConfig config, int maxLength)
    {
        _tokenizer = TokenizerOf(folder, config);
        LongestText = Math.Min(maxLength, config.LongestText);
        _typed = config is EncoderConfig { Family: EncoderFamily.Bert, TokenTypes: > 1 };
    }

    /// <summary>The tokenizer of a model's folder.</summary>
    /// <exception cref="RefusedInputException">There is none, or it knows more tokens than the model.</exception>
    internal static Tokenizer TokenizerOf(string folder, ModelConfig config)
    {
        var tokenizer = Tokenizer.Load(folder);
        return tokenizer.VocabularySize <= config.VocabularySize ? tokenizer
            : throw new RefusedInputException(folder, $"the tokenizer knows {tokenizer.VocabularySize} tokens, the model {config.VocabularySize}: they do not belong together");
    }

    /// <summary>Tokens that a text may have, special tokens included.</summary>
    public int LongestText { get; }

    public TokenizedText Encode(string first, string? second)
    {
        var text = _tokenizer.Encode(first, second, LongestText);
        return _typed ? text : text with { TypeIds = new int[text.Ids.Length] };
    }

    public LabelledSet Encode(IReadOnlyList<Example> examples) => new([.. examples.Select(e => Encode(e.First, e.Second))], [.. examples.Select(e => e.Label)]);
}
