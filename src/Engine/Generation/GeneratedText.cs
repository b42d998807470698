namespace LoraDrop.Engine.Generation;

/// <summary>Why an answer ended.</summary>
public enum AnswerEnd
{
    /// <summary>The model said so.</summary>
    End,

    /// <summary>A stop text came.</summary>
    Stop,

    /// <summary>It has as many tokens as were allowed, or fills the model's context.</summary>
    Length,
}

/// <summary>An answer.</summary>
/// <param name="Ids">Its tokens, the end token left out.</param>
/// <param name="Text">Its text, without special tokens, up to a stop text.</param>
/// <param name="End">Why it ended.</param>
public sealed record GeneratedText(IReadOnlyList<int> Ids, string Text, AnswerEnd End);
