namespace LoraDrop.Domain;

/// <summary>By what beam search ranks texts of different lengths, as transformers does.</summary>
public static class BeamScore
{
    /// <summary>
    /// Σ log p / length^penalty: a sum of negative numbers, so a penalty above 0 favours long texts, one below 0 short ones, and 0 the sum
    /// itself.
    /// </summary>
    /// <param name="logProbabilities">The sum of the generated tokens' log-probabilities.</param>
    /// <param name="generated">How many tokens were generated, the end included; 1 and up.</param>
    /// <param name="lengthPenalty">1 by default, which is the mean.</param>
    public static double Of(double logProbabilities, int generated, double lengthPenalty = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(generated, 1);
        return logProbabilities / Math.Pow(generated, lengthPenalty);
    }
}
