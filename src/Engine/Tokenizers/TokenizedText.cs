namespace LoraDrop.Engine.Tokenizers;

/// <summary>A text, or a pair of texts, as a model reads it: special tokens included, not padded.</summary>
/// <param name="Ids">Token ids, in reading order.</param>
/// <param name="TypeIds">For each id 0 or 1: which of two sequences it belongs to, as the tokenizer's template says (RoBERTa: always
/// 0).</param>
public sealed record TokenizedText(int[] Ids, int[] TypeIds);
