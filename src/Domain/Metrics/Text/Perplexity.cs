namespace LoraDrop.Domain;

/// <summary>Perplexity: exp of the mean negative log-likelihood per token.</summary>
public static class Perplexity
{
    /// <param name="loss">The sum of the tokens' negative natural log-likelihoods.</param>
    /// <param name="tokens">How many tokens were predicted.</param>
    /// <returns>1 (certain and right) and up; NaN without tokens.</returns>
    public static double Of(double loss, long tokens) => Math.Exp(loss / tokens);
}
