namespace LoraDrop.Engine.Tokenizers;

/// <summary>A text or a pair as read by a model: with special tokens, without padding.</summary>
/// <param name="Ids">Token ids, in reading order.</param>
/// <param name="TypeIds">For each id 0 or 1: its sequence, according to the tokenizer's template (RoBERTa: always 0).</param>
public sealed record TokenizedText(int[] Ids, int[] TypeIds);
