using LoraDrop.Domain;

namespace LoraDrop.Engine.Generation;

/// <summary>Chooses the next token of an answer.</summary>
internal static class NextToken
{
    /// <summary>Whether scores are processed before a token is chosen.</summary>
    public static bool ChangesScores(this DecodingSettings settings) =>
        settings.RepetitionPenalty != 1 || settings.NoRepeatNgram > 0 || settings.MinNewTokens > 0;

    /// <summary>Applies transformers' logits processors, which also act on beams.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="scores">Scores of the whole vocabulary.</param>
    /// <param name="tokens">Tokens of the prompt and the answer so far.</param>
    /// <param name="generated">Tokens of the answer so far.</param>
    /// <param name="ends">The tokens that end a text.</param>
    public static float[] Processed(this DecodingSettings settings, float[] scores, IReadOnlyList<int> tokens, int generated, int[] ends)
    {
        if (settings.RepetitionPenalty != 1) scores = LogitsProcessors.RepetitionPenalty(scores, tokens, settings.RepetitionPenalty);
        if (settings.NoRepeatNgram > 0) scores = LogitsProcessors.NoRepeatNgram(scores, tokens, settings.NoRepeatNgram);
        if (settings.MinNewTokens > 0) scores = LogitsProcessors.MinLength(scores, generated, settings.MinNewTokens, ends);
        return scores;
    }

    /// <summary>Applies transformers' logits warpers and samples a token.</summary>
    public static int Draw(this DecodingSettings settings, float[] scores, SplitMix64 random)
    {
        scores = LogitsProcessors.Temperature(scores, settings.Temperature);
        if (settings.TopK > 0) scores = LogitsProcessors.TopK(scores, settings.TopK);
        if (settings.TopP < 1) scores = LogitsProcessors.TopP(scores, settings.TopP);
        var probabilities = LogitsProcessors.Softmax(scores);
        var (left, last) = (random.NextUnit(), 0);
        foreach (var (token, p) in probabilities.Index())
        {
            if (p == 0) continue;
            last = token;
            if ((left -= p) < 0) break;
        }
        return last; // the last possible token, in case of rounding errors
    }
}
