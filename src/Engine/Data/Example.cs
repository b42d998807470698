namespace LoraDrop.Engine.Data;

/// <summary>One row of a data set.</summary>
/// <param name="First">The text, or the first text of a pair.</param>
/// <param name="Second">The second text of a pair, or null.</param>
/// <param name="Label">The target value, or the class index.</param>
public readonly record struct Example(string First, string? Second, double Label)
{
    public int Class => (int)Label;
}
