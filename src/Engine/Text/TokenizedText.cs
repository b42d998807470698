namespace LoraDrop.Engine;

/// <summary>A text, or a pair, as ids, special tokens included.</summary>
public sealed record TokenizedText(int[] Ids, int[] TypeIds);
