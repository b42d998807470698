using LoraDrop.Domain;
using LoraDrop.Engine;
using TorchSharp;

namespace LoraDrop.Maker;

/// <summary>Texts with some tokens hidden, and what was there (Devlin et al. 2019): of the chosen tokens 80 % are hidden behind
/// <c>&lt;mask&gt;</c>, 10 % stand exchanged for any other, 10 % stay as they are.</summary>
public sealed class HiddenTokens : IDisposable
{
    private HiddenTokens(TokenBatch batch, long[] places, long[] tokens)
    {
        (Batch, Places, Tokens) = (batch, torch.tensor(places), torch.tensor(tokens));
    }

    /// <summary>The texts as the model reads them.</summary>
    public TokenBatch Batch { get; }

    /// <summary>The places of the chosen tokens in the batch (M).</summary>
    public torch.Tensor Places { get; }

    /// <summary>The tokens to be found there (M).</summary>
    public torch.Tensor Tokens { get; }

    /// <summary>Chooses tokens, never special ones, and at least one of the batch.</summary>
    /// <param name="texts">The texts of a batch.</param>
    /// <param name="share">How many of a hundred tokens are chosen, as a share.</param>
    /// <param name="tokenizer">Says which tokens there are.</param>
    /// <param name="random">Fixes the choice.</param>
    public static HiddenTokens In(IReadOnlyList<TokenizedText> texts, double share, Tokenizer tokenizer, SplitMix64 random)
    {
        var width = texts.Max(text => text.Ids.Length);
        List<long> places = [], tokens = [];
        var shown = texts.Select(text => text with { Ids = [.. text.Ids] }).ToArray();
        while (places.Count == 0)
            foreach (var (b, text) in shown.Index())
                for (var t = 0; t < text.Ids.Length; t++)
                {
                    var token = text.Ids[t];
                    if (tokenizer.SpecialIds.Contains(token) || random.NextUnit() >= share) continue;
                    places.Add((long)b * width + t);
                    tokens.Add(token);
                    text.Ids[t] = random.NextUnit() switch { < 0.8 => tokenizer.MaskId!.Value, < 0.9 => random.NextBelow(tokenizer.VocabularySize), _ => token };
                }
        return new(TokenBatch.Of(shown, tokenizer.PadId, torch.CPU), [.. places], [.. tokens]);
    }

    public void Dispose()
    {
        Batch.Dispose();
        Places.Dispose();
        Tokens.Dispose();
    }
}
