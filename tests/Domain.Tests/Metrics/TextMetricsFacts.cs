namespace LoraDrop.Domain.Tests;

/// <summary>METEOR, chrF, exact match and perplexity; and what holds for every metric of text.</summary>
public sealed class TextMetricsFacts
{
    private static readonly Dictionary<string, Func<IReadOnlyList<Segment>, double>> Metrics = new()
    {
        ["BLEU"] = segments => new Bleu().Corpus(segments).Score,
        ["BLEU of E2E"] = segments => E2eBleu.Corpus(segments),
        ["NIST"] = segments => Nist.Corpus(segments),
        ["ROUGE"] = segments => new Rouge().Corpus(segments).RougeL.F,
        ["METEOR"] = Meteor.Corpus,
        ["chrF"] = segments => new ChrF(WordOrder: 2).Corpus(segments),
        ["exact match"] = ExactMatch.Corpus,
    };

    public static TheoryData<string> Names => new(Metrics.Keys);

    [Theory]
    [MemberData(nameof(GoldenText.AllNames), MemberType = typeof(GoldenText))]
    public void METEOR_is_NLTKs_without_WordNet(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        if (expected.TryGetProperty("meteor", out var meteor))
            GoldenText.Same(meteor.GetProperty("no_wordnet"), Meteor.Corpus(segments), "METEOR");
    }

    [Theory]
    [MemberData(nameof(GoldenText.AllNames), MemberType = typeof(GoldenText))]
    public void ChrF_is_sacreBLEUs(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        expected = expected.GetProperty("chrf");
        GoldenText.Same(expected.GetProperty("chrf2"), new ChrF().Corpus(segments), "chrF2");
        GoldenText.Same(expected.GetProperty("chrf2_lc"), new ChrF(Lowercase: true).Corpus(segments), "chrF2 in lower case");
        GoldenText.Same(expected.GetProperty("chrf2pp"), new ChrF(WordOrder: 2).Corpus(segments), "chrF2++");
    }

    [Fact]
    public void An_exact_match_is_one_of_the_references_but_for_white_space_at_the_ends()
    {
        Assert.Equal(0.5, ExactMatch.Corpus([new(" 18\n", ["17", "18"]), new("18.0", ["18"])]));
        Assert.Equal(double.NaN, ExactMatch.Corpus([]));
    }

    [Fact]
    public void Perplexity_of_an_even_guess_is_the_number_of_choices()
    {
        Assert.Equal(32000, Perplexity.Of(7 * Math.Log(32000), 7), 1e-8);
        Assert.Equal(1, Perplexity.Of(0, 7));
        Assert.Equal(double.NaN, Perplexity.Of(0, 0));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_an_emoji_or_a_lone_word_breaks_no_metric(string metric)
    {
        foreach (var text in new[] { "", "word", "\ud83d", "😀", "a\u0000b", "\u2028", "Σ", "ΑΣ" })
        {
            Assert.True(double.IsNaN(Metrics[metric]([new(text, ["word", text])])) || Metrics[metric]([new(text, ["word", text])]) >= 0);
        }
    }

    /// <summary>A loose bound, for machines differ; what it catches is a metric whose time grows with the square of the corpus.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Ten_thousand_sentences_take_seconds(string metric)
    {
        var random = new SplitMix64(7);
        List<Segment> segments = [.. Enumerable.Range(0, 10_000).Select(_ => new Segment(Sentence(random, 20), [Sentence(random, 20)]))];
        AssertSeconds(metric, segments);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_text_of_five_thousand_words_takes_seconds(string metric)
    {
        var random = new SplitMix64(8);
        AssertSeconds(metric, [new(Sentence(random, 5000), [Sentence(random, 5000)])]);
    }

    private static void AssertSeconds(string metric, IReadOnlyList<Segment> segments)
    {
        var took = ThreadTime.Of(() => Metrics[metric](segments));
        TestContext.Current.TestOutputHelper!.WriteLine($"{metric}: {took.TotalSeconds:F2} s");
        Assert.True(took < TimeSpan.FromSeconds(30), $"{took}");
    }

    // Words as in a language: few are frequent, most are rare.
    private static string Sentence(SplitMix64 random, int words) =>
        string.Join(' ', Enumerable.Range(0, words).Select(_ => $"word{(int)Math.Pow(10_000, random.NextUnit())}ing"));
}
