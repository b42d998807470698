using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>The splits of a task as ids, ready for a model.</summary>
/// <param name="Source">The texts, with file names and digests.</param>
/// <param name="Train">Training set D.</param>
/// <param name="Validation">What training is evaluated on.</param>
/// <param name="Test">Evaluated once, at the end; null: none.</param>
/// <param name="Cut">How many training texts were longer than the limit and are cut.</param>
public sealed record TaskData(TrainingData Source, EncodedSet Train, EncodedSet Validation, EncodedSet? Test, int Cut)
{
    public IReadOnlyList<string>? Labels => Source.Train.Labels;

    /// <summary>Number of logits: one per class, or one for a regression.</summary>
    public int Classes => Labels?.Count ?? 1;

    /// <summary>Turns read splits into ids.</summary>
    /// <exception cref="RefusedInputException">The tokenizer knows more tokens than the model.</exception>
    public static TaskData Encode(TrainingData source, TextEncoder encoder)
    {
        var train = encoder.Encode(source.Train.Examples);
        return new(source, train, encoder.Encode(source.Validation.Examples), source.Test is { } test ? encoder.Encode(test.Examples) : null,
            train.Lengths.Count(length => length == encoder.LongestText));
    }
}

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
        _tokenizer = Tokenizer.Load(folder);
        if (_tokenizer.VocabularySize > config.VocabularySize)
            throw new RefusedInputException(folder, $"the tokenizer knows {_tokenizer.VocabularySize} tokens, the model {config.VocabularySize}: they do not belong together");
        LongestText = Math.Min(maxLength, config.LongestText);
        _typed = config.TokenTypes > 1 && config.Family == EncoderFamily.Bert;
    }

    /// <summary>Tokens that a text may have, special tokens included.</summary>
    public int LongestText { get; }

    public TokenizedText Encode(string first, string? second)
    {
        var text = _tokenizer.Encode(first, second, LongestText);
        return _typed ? text : text with { TypeIds = new int[text.Ids.Length] };
    }

    public EncodedSet Encode(IReadOnlyList<Example> examples) => new([.. examples.Select(e => Encode(e.First, e.Second))], [.. examples.Select(e => e.Label)]);
}
