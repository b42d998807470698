namespace LoraDrop.Engine.Generation;

/// <summary>Why an answer ended.</summary>
public enum AnswerEnd
{
    /// <summary>The model generated an end token.</summary>
    End,

    /// <summary>It reached a stop text.</summary>
    Stop,

    /// <summary>It reached the token limit, or the end of the model's context.</summary>
    Length,
}

/// <summary>A generated answer.</summary>
/// <param name="Ids">Its tokens, without the end token.</param>
/// <param name="Text">Its text, without special tokens, up to a stop text.</param>
/// <param name="End">Why it ended.</param>
public sealed record GeneratedText(IReadOnlyList<int> Ids, string Text, AnswerEnd End);
