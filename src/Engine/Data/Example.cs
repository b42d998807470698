namespace LoraDrop.Engine.Data;

/// <summary>One row of a data set.</summary>
/// <param name="First">The text, or the first of a pair.</param>
/// <param name="Second">The second text of a pair, or null.</param>
/// <param name="Label">The number to predict, or the index of the class.</param>
public readonly record struct Example(string First, string? Second, double Label)
{
    public int Class => (int)Label;
}
