using System.Text.Json;

namespace LoraDrop.Domain.Tests;

public sealed class BleuFacts
{
    private static readonly Dictionary<string, Bleu> Variants = new()
    {
        ["13a_exp"] = new(),
        ["13a_floor"] = new(Smoothing: BleuSmoothing.Floor),
        ["13a_addk"] = new(Smoothing: BleuSmoothing.AddOne),
        ["13a_none"] = new(Smoothing: BleuSmoothing.None),
        ["13a_lc_exp"] = new(Lowercase: true),
        ["intl_exp"] = new(Tokenization.International),
        ["none_exp"] = new(Tokenization.WhiteSpace),
        ["none_none"] = new(Tokenization.WhiteSpace, BleuSmoothing.None),
    };

    private static readonly Segment Right = new("the cat sat on the mat", ["the cat sat on the mat"]);

    [Theory]
    [MemberData(nameof(GoldenText.AllNames), MemberType = typeof(GoldenText))]
    public void Scores_and_counts_are_sacreBLEUs(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        expected = expected.GetProperty("bleu");
        foreach (var (variant, bleu) in Variants)
        {
            var score = bleu.Corpus(segments);
            GoldenText.Same(expected.GetProperty("score").GetProperty(variant), score.Score, variant);
            if (expected.GetProperty("precisions").TryGetProperty(variant, out var precisions))
                SameEach(precisions, score.Precisions, variant);
            if (expected.GetProperty("stats").TryGetProperty(variant[..variant.LastIndexOf('_')], out var stats))
                SameCounts(stats, score, variant);
        }
    }

    [Theory]
    [MemberData(nameof(GoldenText.CaseNames), MemberType = typeof(GoldenText))]
    public void A_single_sentence_is_scored_over_the_orders_it_has(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        foreach (var variant in expected.GetProperty("sentence_bleu").EnumerateObject())
        {
            GoldenText.Same(variant.Value, Variants[variant.Name].Sentence(segments[0]).Score, variant.Name);
        }
    }

    [Theory]
    [MemberData(nameof(GoldenText.DataSetNames), MemberType = typeof(GoldenText))]
    public void Sentences_of_real_data_score_alike_on_average(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        GoldenText.Same(expected.GetProperty("sentence_bleu_mean").GetProperty("13a_exp"),
            segments.Average(s => new Bleu().Sentence(s).Score), "mean");
    }

    [Theory]
    [MemberData(nameof(GoldenText.CaseNames), MemberType = typeof(GoldenText))]
    public void Texts_are_cut_as_sacreBLEU_cuts_them(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        var tokens = expected.GetProperty("tokens");
        foreach (var (i, text) in segments[0].References.Prepend(segments[0].Hypothesis).Index())
        {
            Assert.Equal(tokens.GetProperty("13a")[i].GetString(),
                string.Join(' ', Tokens.Of(Words.TrimEnd(text), Tokenization.Mteval13a)));
            Assert.Equal(tokens.GetProperty("intl")[i].GetString(),
                string.Join(' ', Tokens.Of(Words.TrimEnd(text), Tokenization.International)));
        }
    }

    [Fact]
    public void The_same_text_scores_100() => Assert.Equal(100, new Bleu().Corpus([Right]).Score, 1e-9);

    [Fact]
    public void Nothing_written_scores_0_and_so_does_a_corpus_of_nothing()
    {
        Assert.Equal(0, new Bleu().Corpus([Right with { Hypothesis = "" }]).Score);
        Assert.Equal(0, new Bleu().Corpus([]).Score);
    }

    [Fact]
    public void A_corpus_is_not_the_mean_of_its_sentences() =>
        Assert.NotEqual((100 + new Bleu().Corpus([new("a dog", ["the cat"])]).Score) / 2,
            new Bleu().Corpus([Right, new("a dog", ["the cat"])]).Score, 1.0);

    [Fact]
    public void A_text_without_a_reference_cannot_be_scored() => Assert.Throws<ArgumentException>(() => new Segment("text", []));

    private static void SameCounts(JsonElement stats, BleuScore score, string variant)
    {
        Assert.Equal(stats.GetProperty("counts").EnumerateArray().Select(c => c.GetInt64()), score.Matched);
        Assert.Equal(stats.GetProperty("totals").EnumerateArray().Select(c => c.GetInt64()), score.Total);
        Assert.Equal((stats.GetProperty("hyp_len").GetInt64(), stats.GetProperty("ref_len").GetInt64()),
            (score.HypothesisLength, score.ReferenceLength));
        GoldenText.Same(stats.GetProperty("bp"), score.BrevityPenalty, variant);
    }

    private static void SameEach(JsonElement expected, IReadOnlyList<double> actual, string variant)
    {
        foreach (var (n, value) in actual.Index()) GoldenText.Same(expected[n], value, $"{variant}, {n + 1}-grams");
    }
}
