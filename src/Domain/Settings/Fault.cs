namespace LoraDrop.Domain;

/// <summary>One thing that is wrong with an input: where it stands, as its author wrote it, and what to do.</summary>
/// <param name="Path">The JSON path (<c>sharing.threshold</c>), or file, row and column (<c>train.tsv row 7 column label</c>).</param>
/// <param name="Message">What is wrong, for a person.</param>
public sealed record Fault(string Path, string Message)
{
    public override string ToString() => $"{Path}: {Message}";
}
