namespace LoraDrop.Domain;

/// <summary>The score by which beam search ranks texts of different lengths, as in transformers.</summary>
public static class BeamScore
{
    /// <summary>
    /// Σ log p / length^penalty: a sum of negative numbers, so a penalty above 0 favours long texts, one below 0 short ones, and 0 the sum
    /// itself.
    /// </summary>
    /// <param name="logProbabilities">The sum of the generated tokens' log-probabilities.</param>
    /// <param name="generated">Number of generated tokens, including the end token; at least 1.</param>
    /// <param name="lengthPenalty">Default 1, which gives the mean.</param>
    public static double Of(double logProbabilities, int generated, double lengthPenalty = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(generated, 1);
        return logProbabilities / Math.Pow(generated, lengthPenalty);
    }
}
