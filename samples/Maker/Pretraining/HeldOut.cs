using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Maker;

/// <summary>How well a model finds hidden tokens of texts that it has not read.</summary>
/// <param name="Loss">Mean cross entropy, in nats.</param>
/// <param name="Accuracy">Share of the hidden tokens that it puts first.</param>
public sealed record HeldOut(double Loss, double Accuracy)
{
    private const int Lines = 128; // in a batch
    private const long Seed = 1;   // the same tokens are hidden every time

    public static HeldOut Of(MaskedLanguageModel model, Tokenizer tokenizer, IReadOnlyList<TokenizedText> texts)
    {
        using var _ = no_grad();
        model.Masks.Off();
        var (loss, found, count) = (0.0, 0L, 0L);
        foreach (var (batch, indices) in Batches.LongestFirst([.. texts.Select(text => text.Ids.Length)], Lines).Index())
        {
            using var scope = NewDisposeScope();
            using var hidden = HiddenTokens.In([.. indices.Select(i => texts[i])], tokenizer, SplitMix64.For(Seed, "held out", batch));
            var logits = model.Forward(hidden.Batch, hidden.Places);             // (M, V)
            loss += nn.functional.cross_entropy(logits, hidden.Tokens, reduction: nn.Reduction.Sum).item<float>();
            found += logits.argmax(-1).eq(hidden.Tokens).sum().item<long>();
            count += hidden.Tokens.numel();
        }
        return new(loss / count, (double)found / count);
    }

    public override string ToString() => $"loss {Loss:F3}, {Accuracy:P1} found";
}
