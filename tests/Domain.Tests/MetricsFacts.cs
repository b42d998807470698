using System.Text.Json;

namespace LoraDrop.Domain.Tests;

/// <summary>The metrics equal scikit-learn's and SciPy's (Golden/classification.json).</summary>
public sealed class MetricsFacts
{
    private static readonly JsonElement Golden =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "classification.json"))).RootElement;

    public static TheoryData<string> Classification => Names("classification");

    public static TheoryData<string> Regression => Names("regression");

    [Theory]
    [MemberData(nameof(Classification))]
    public void Classes_are_scored_as_scikit_learn_does(string name)
    {
        var item = Case("classification", name);
        CheckClasses(item, Ints(item.GetProperty("gold")), Ints(item.GetProperty("predicted")));
    }

    [Theory]
    [MemberData(nameof(Regression))]
    public void Numbers_are_scored_as_SciPy_does(string name)
    {
        var item = Case("regression", name);
        double[] gold = Doubles(item.GetProperty("gold")), predicted = Doubles(item.GetProperty("predicted"));
        CheckNumbers(item, gold, predicted);
        Assert.Equal(Doubles(item.GetProperty("expected").GetProperty("ranks_gold")), RegressionMetrics.Ranks(gold));
        Assert.Equal(Doubles(item.GetProperty("expected").GetProperty("ranks_predicted")), RegressionMetrics.Ranks(predicted));
    }

    [Fact]
    public void A_thousand_binary_pairs_are_scored_alike() => CheckSeededClasses("binary", u =>
    {
        int gold = u() < 0.5 ? 1 : 0;
        return (gold, u() < 0.2 ? 1 - gold : gold);
    });

    [Fact]
    public void A_thousand_imbalanced_pairs_are_scored_alike() => CheckSeededClasses("imbalanced binary", u =>
    {
        int gold = u() < 0.08 ? 1 : 0;
        return (gold, u() < (gold == 1 ? 0.4 : 0.03) ? 1 - gold : gold);
    });

    [Fact]
    public void A_thousand_pairs_of_three_classes_are_scored_alike() => CheckSeededClasses("three classes", u =>
    {
        double u1 = u(), u2 = u(), u3 = u();
        return ((int)(3 * u1), (int)(3 * (u2 < 0.35 ? u3 : u1)));
    });

    [Fact]
    public void A_thousand_numbers_are_scored_alike() => CheckSeededNumbers("regression", u =>
    {
        var gold = 5 * u();
        return (gold, 0.8 * gold + (2 * u() - 1));
    });

    [Fact]
    public void A_thousand_numbers_with_ties_are_scored_alike() => CheckSeededNumbers("regression with many ties", u =>
    {
        var k = Math.Floor(26 * u());
        return (k / 5, Math.Floor(k / 3 + 4 * u()));
    });

    [Fact]
    public void A_prediction_that_is_no_number_leaves_the_correlations_undefined()
    {
        Assert.Equal(double.NaN, RegressionMetrics.Pearson([1, 2, 3], [1, double.NaN, 3]));
        Assert.Equal(double.NaN, RegressionMetrics.Spearman([1, 2, 3], [1, double.NaN, 3]));
    }

    [Fact]
    public void Predictions_must_be_as_many_as_gold_values()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ClassificationMetrics.Accuracy([0, 1], [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RegressionMetrics.Pearson([0, 1], [0]));
    }

    private static void CheckSeededClasses(string name, Func<Func<double>, (int Gold, int Predicted)> draw)
    {
        var (item, pairs) = Seeded(name, draw);
        Assert.Equal(item.GetProperty("gold").GetString(), string.Concat(pairs.Select(p => p.Gold)));
        Assert.Equal(item.GetProperty("predicted").GetString(), string.Concat(pairs.Select(p => p.Predicted)));
        CheckClasses(item, [.. pairs.Select(p => p.Gold)], [.. pairs.Select(p => p.Predicted)]);
    }

    private static void CheckSeededNumbers(string name, Func<Func<double>, (double Gold, double Predicted)> draw)
    {
        var (item, pairs) = Seeded(name, draw);
        Assert.Equal(Doubles(item.GetProperty("first_gold")), pairs.Take(5).Select(p => p.Gold));
        Assert.Equal(Doubles(item.GetProperty("first_predicted")), pairs.Take(5).Select(p => p.Predicted));
        CheckNumbers(item, [.. pairs.Select(p => p.Gold)], [.. pairs.Select(p => p.Predicted)]);
    }

    private static (JsonElement Case, T[] Pairs) Seeded<T>(string name, Func<Func<double>, T> draw)
    {
        var item = Case("seeded", name);
        var random = new SplitMix64(item.GetProperty("seed").GetUInt64());
        return (item, [.. Enumerable.Range(0, item.GetProperty("n").GetInt32()).Select(_ => draw(random.NextUnit))]);
    }

    private static void CheckClasses(JsonElement item, int[] gold, int[] predicted)
    {
        Check(item, "accuracy", ClassificationMetrics.Accuracy(gold, predicted));
        Check(item, "matthews", ClassificationMetrics.Matthews(gold, predicted));
        Check(item, "f1_macro", ClassificationMetrics.MacroF1(gold, predicted));
        Check(item, "f1_binary", ClassificationMetrics.F1(gold, predicted));
        Check(item, "f1_binary_positive_0", ClassificationMetrics.F1(gold, predicted, positive: 0));
    }

    private static void CheckNumbers(JsonElement item, double[] gold, double[] predicted)
    {
        Check(item, "pearson", RegressionMetrics.Pearson(gold, predicted));
        Check(item, "spearman", RegressionMetrics.Spearman(gold, predicted));
        Check(item, "mse", RegressionMetrics.MeanSquaredError(gold, predicted));
    }

    private static void Check(JsonElement item, string metric, double actual)
    {
        if (!item.GetProperty("expected").TryGetProperty(metric, out var value)) return;   // f1_binary of three classes
        var expected = value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;
        Assert.Equal(expected, actual, 1e-12 * Math.Max(1, double.IsNaN(expected) ? 1 : Math.Abs(expected)));
    }

    private static TheoryData<string> Names(string group) =>
        new(Golden.GetProperty(group).EnumerateArray().Select(c => c.GetProperty("name").GetString()!));

    private static JsonElement Case(string group, string name) =>
        Golden.GetProperty(group).EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetInt32())];

    private static double[] Doubles(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetDouble())];
}
