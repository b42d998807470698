namespace LoraDrop.Domain;

/// <summary>A generated text and its references.</summary>
/// <param name="Hypothesis">The generated text; may be empty.</param>
/// <param name="References">One or more correct texts; any may be empty.</param>
public sealed record Segment(string Hypothesis, IReadOnlyList<string> References)
{
    public IReadOnlyList<string> References { get; } =
        References.Count > 0 ? References : throw new ArgumentException("At least one reference is required.", nameof(References));
}
