namespace LoraDrop.Engine.Tokenizers;

/// <summary>Trains a byte-level BPE vocabulary on texts (Sennrich, Haddow and Birch 2016), in RoBERTa's layout.</summary>
/// <remarks>
/// Repeatedly merges the most frequent pair of neighbouring tokens; ties are broken by the ordinal order of the left, then the right,
/// token. The same texts therefore give the same vocabulary, in any order.
/// </remarks>
public static class BpeTrainer
{
    /// <summary>The smallest vocabulary: 256 bytes and five special tokens.</summary>
    public const int SmallestVocabulary = 261;

    /// <summary>Trains a vocabulary.</summary>
    /// <param name="texts">Enumerated once. Words are split as in GPT-2; a merge never spans two words.</param>
    /// <param name="vocabularySize">Number of tokens, <see cref="SmallestVocabulary"/> or more. The result is smaller if no pair occurs
    /// twice.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="vocabularySize"/> is below
    /// <see cref="SmallestVocabulary"/>.</exception>
    public static BpeVocabulary Train(IEnumerable<string> texts, int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, SmallestVocabulary);
        var tokens = ByteLevel.Alphabet.ToList();
        var indices = tokens.Index().ToDictionary(token => token.Item, token => token.Index);
        var merges = new List<(string Left, string Right)>();
        var pairs = new BpePairs(WordCounts(texts), tokens);
        while (tokens.Count + BpeVocabulary.SpecialTokens < vocabularySize && pairs.TakeCommonest() is { } pair)
        {
            var merge = (Left: tokens[pair.Left], Right: tokens[pair.Right]);
            merges.Add(merge);
            // "ab"+"c" may follow "a"+"bc"
            if (indices.TryAdd(merge.Left + merge.Right, tokens.Count)) tokens.Add(merge.Left + merge.Right);
            pairs.Merge(pair, indices[merge.Left + merge.Right]);
        }
        return new BpeVocabulary(tokens, merges);
    }

    private static Dictionary<string, int> WordCounts(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, int>();
        foreach (var word in texts.SelectMany(ByteLevel.Words))
        {
            var letters = ByteLevel.ToLetters(word);
            counts[letters] = counts.GetValueOrDefault(letters) + 1;
        }
        return counts;
    }
}
