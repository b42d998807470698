namespace LoraDrop.Domain;

/// <summary>One fault of an input, with its path.</summary>
/// <param name="Path">The JSON path (<c>sharing.threshold</c>), or file, row and column (<c>train.tsv row 7 column label</c>).</param>
/// <param name="Message">What is wrong and how to fix it.</param>
public sealed record Fault(string Path, string Message)
{
    public override string ToString() => $"{Path}: {Message}";
}
