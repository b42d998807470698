using LoraDrop.Domain;

namespace LoraDrop.Samples.Tests;

/// <summary>Logistic regression on which words, or runs of words, each column holds: what can be known without structure.</summary>
internal sealed class BagOfWords(int run)
{
    private const int Epochs = 20;
    private const double Rate = 0.1, Decay = 1e-4;

    private readonly Dictionary<string, int> _features = [];
    private readonly List<double> _weights = [];

    /// <summary>The share of dev rows it labels right after learning from the train rows.</summary>
    public static double Accuracy(IReadOnlyList<(string Text, int Grade)> train, IReadOnlyList<(string Text, int Grade)> dev, int run)
    {
        var bag = new BagOfWords(run);
        var seen = train.Select(row => (Features: bag.Features(row.Text, learning: true), row.Grade)).ToList();
        var random = SplitMix64.For(1, "bag of words");
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            random.Shuffle(seen);
            foreach (var (features, grade) in seen) bag.Learn(features, grade);
        }
        return dev.Average(row => bag.Probability(bag.Features(row.Text, learning: false)) >= 0.5 == (row.Grade == 1) ? 1.0 : 0.0);
    }

    private void Learn(int[] features, int label)
    {
        var error = label - Probability(features);
        foreach (var feature in features) _weights[feature] += Rate * (error - Decay * _weights[feature]);
    }

    private double Probability(int[] features) => 1 / (1 + Math.Exp(-features.Sum(feature => _weights[feature])));

    private int[] Features(string text, bool learning)
    {
        var found = new HashSet<int>();
        foreach (var (column, sentence) in text.ToLowerInvariant().Split('\t').Index())
        {
            var words = sentence.Split(' ').Select(word => word.Trim(',', '.', '?')).ToArray();
            for (var length = 1; length <= run; length++)
                for (var start = 0; start + length <= words.Length; start++)
                {
                    var name = $"{column}:{string.Join(' ', words, start, length)}";
                    if (_features.TryGetValue(name, out var feature)) found.Add(feature);
                    else if (learning)
                    {
                        found.Add(_features[name] = _weights.Count);
                        _weights.Add(0);
                    }
                }
        }
        return [.. found];
    }
}
