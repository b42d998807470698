using LoraDrop.Domain;
using TorchSharp;

namespace LoraDrop.Maker;

/// <summary>Texts in which some tokens are hidden, and what they were (Devlin et al. 2019): of those chosen, 80 % give way to
/// <c>&lt;mask&gt;</c>, 10 % to any token, and 10 % stay.</summary>
public sealed class HiddenTokens : IDisposable
{
    /// <summary>How many tokens are chosen; a fifth instead of the usual 15 %, because the text is short.</summary>
    private const double Share = 0.2;

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

    /// <summary>Hides tokens of a batch: never special ones, and one at least.</summary>
    /// <param name="texts">The texts, each with a token that is not special.</param>
    /// <param name="tokenizer">Says which tokens there are.</param>
    /// <param name="random">Fixes the choice.</param>
    public static HiddenTokens In(IReadOnlyList<TokenizedText> texts, Tokenizer tokenizer, SplitMix64 random)
    {
        var width = texts.Max(text => text.Ids.Length);
        List<long> places = [], tokens = [];
        var shown = texts.Select(text => text with { Ids = [.. text.Ids] }).ToArray();
        while (places.Count == 0)
            foreach (var (b, text) in shown.Index())
                for (var t = 0; t < text.Ids.Length; t++)
                {
                    var token = text.Ids[t];
                    if (tokenizer.SpecialIds.Contains(token) || random.NextUnit() >= Share) continue;
                    places.Add((long)b * width + t);
                    tokens.Add(token);
                    text.Ids[t] = random.NextUnit() switch { < 0.8 => tokenizer.MaskId!.Value, < 0.9 =>
                        random.NextBelow(tokenizer.VocabularySize), _ => token };
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
