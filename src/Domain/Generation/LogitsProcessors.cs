namespace LoraDrop.Domain;

/// <summary>
/// Adjusts a language model's scores of the next token before sampling, equal to transformers 4.41.2 in float32. Each takes the scores of
/// the whole vocabulary and returns new ones; excluded tokens score −∞.
/// </summary>
public static class LogitsProcessors
{
    /// <summary>Divides by the temperature: below 1 sharpens the distribution, above 1 flattens it.</summary>
    /// <param name="logits">The scores.</param>
    /// <param name="temperature">Above 0.</param>
    public static float[] Temperature(ReadOnlySpan<float> logits, double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        return Each(logits, (float)temperature, (score, t) => score / t);
    }

    /// <summary>Keeps the k best tokens, and those that tie with the k-th.</summary>
    /// <param name="logits">The scores.</param>
    /// <param name="k">At least 1; a k above the vocabulary size keeps all.</param>
    /// <param name="keep">The least number of tokens to keep.</param>
    public static float[] TopK(ReadOnlySpan<float> logits, int k, int keep = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        var best = new PriorityQueue<float, float>();
        var wanted = Math.Min(Math.Max(k, keep), logits.Length);
        foreach (var score in logits)
        {
            if (best.Count < wanted) best.Enqueue(score, score);
            else if (score > best.Peek()) best.DequeueEnqueue(score, score);
        }
        return Each(logits, best.Peek(), (score, kth) => score < kth ? float.NegativeInfinity : score);
    }

    /// <summary>Nucleus sampling (Holtzman et al. 2019): keeps the fewest most likely tokens whose probabilities reach p.</summary>
    /// <param name="logits">The scores.</param>
    /// <param name="p">0 to 1; 1 keeps all.</param>
    /// <param name="keep">The least number of tokens to keep.</param>
    public static float[] TopP(ReadOnlySpan<float> logits, double p, int keep = 1)
    {
        ThrowIfNotFraction(p);
        var kept = logits.ToArray();
        if (p == 1) return kept;
        var (order, probabilities, sum) = (Ascending(logits), Softmax(logits), 0f);
        for (var rank = 0; rank < order.Length - keep; rank++)
        {
            sum += probabilities[order[rank]];
            if (sum > (float)(1 - p)) break;
            kept[order[rank]] = float.NegativeInfinity;
        }
        return kept;
    }

    /// <summary>Makes tokens that already occurred less likely, regardless of how often (Keskar et al. 2019).</summary>
    /// <param name="logits">The scores.</param>
    /// <param name="tokens">The tokens so far, including the prompt.</param>
    /// <param name="penalty">Above 0: divides scores above 0, multiplies those below. 1 changes nothing, less rewards repetition.</param>
    public static float[] RepetitionPenalty(ReadOnlySpan<float> logits, IReadOnlyList<int> tokens, double penalty)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(penalty);
        var changed = logits.ToArray();
        foreach (var token in tokens) changed[token] = logits[token] < 0 ? logits[token] * (float)penalty : logits[token] / (float)penalty;
        return changed;
    }

    /// <summary>Excludes tokens that would repeat an n-gram.</summary>
    /// <param name="logits">The scores.</param>
    /// <param name="tokens">The tokens so far, including the prompt.</param>
    /// <param name="n">1 and up.</param>
    public static float[] NoRepeatNgram(ReadOnlySpan<float> logits, IReadOnlyList<int> tokens, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var kept = logits.ToArray();
        for (var start = 0; start + n <= tokens.Count; start++)
        {
            var same = 0;
            while (same < n - 1 && tokens[start + same] == tokens[tokens.Count - n + 1 + same]) same++;
            if (same == n - 1) kept[tokens[start + same]] = float.NegativeInfinity;
        }
        return kept;
    }

    /// <summary>Excludes end tokens until the minimum length is reached.</summary>
    /// <param name="logits">The scores.</param>
    /// <param name="length">Current number of tokens: with the prompt for a minimum length, without it for a minimum of new tokens.</param>
    /// <param name="least">The minimum.</param>
    /// <param name="ends">The tokens that end a text.</param>
    public static float[] MinLength(ReadOnlySpan<float> logits, int length, int least, ReadOnlySpan<int> ends)
    {
        var kept = logits.ToArray();
        if (length < least)
        {
            foreach (var end in ends) kept[end] = float.NegativeInfinity;
        }
        return kept;
    }

    /// <summary>The probabilities of the scores.</summary>
    public static float[] Softmax(ReadOnlySpan<float> logits)
    {
        var probabilities = new float[logits.Length];
        var highest = float.NegativeInfinity;
        foreach (var score in logits) highest = Math.Max(highest, score);
        var sum = 0f;
        for (var i = 0; i < logits.Length; i++) sum += probabilities[i] = MathF.Exp(logits[i] - highest);
        for (var i = 0; i < logits.Length; i++) probabilities[i] /= sum;
        return probabilities;
    }

    private static float[] Each(ReadOnlySpan<float> logits, float by, Func<float, float, float> change)
    {
        var changed = new float[logits.Length];
        for (var i = 0; i < changed.Length; i++) changed[i] = change(logits[i], by);
        return changed;
    }

    private static int[] Ascending(ReadOnlySpan<float> scores)
    {
        var (keys, order) = (scores.ToArray(), new int[scores.Length]);
        for (var i = 0; i < order.Length; i++) order[i] = i;
        Array.Sort(keys, order);
        return order;
    }

    private static void ThrowIfNotFraction(double p)
    {
        if (p is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "must lie in [0, 1]");
    }
}
