namespace LoraDrop.Domain;

/// <summary>One generated text and the texts that would have been right: what every metric of generated text scores.</summary>
/// <param name="Hypothesis">What the model wrote; may be empty.</param>
/// <param name="References">One or more right texts; any of them may be empty.</param>
public sealed record Segment(string Hypothesis, IReadOnlyList<string> References)
{
    public IReadOnlyList<string> References { get; } =
        References.Count > 0 ? References : throw new ArgumentException("A text is scored against one reference or more.", nameof(References));
}
