namespace LoraDrop.Domain.Tests;

/// <summary>The figures that the E2E and DART scripts print.</summary>
public sealed class E2eMetricsFacts
{
    [Theory]
    [MemberData(nameof(GoldenText.AllNames), MemberType = typeof(GoldenText))]
    public void BLEU_and_NIST_are_pymtevals(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        foreach (var form in expected.GetProperty("e2e").EnumerateObject())
        {
            var lowercase = form.Name == "lower";
            GoldenText.Same(form.Value.GetProperty("bleu"), E2eBleu.Corpus(segments, lowercase), "BLEU");
            GoldenText.Same(form.Value.GetProperty("bleu_smooth1"), E2eBleu.Corpus(segments, lowercase, smoothing: 1), "smoothed BLEU");
            GoldenText.Same(form.Value.GetProperty("nist"), Nist.Corpus(segments, lowercase), "NIST");
        }
    }

    [Fact]
    public void Rare_words_are_worth_more_to_NIST()
    {
        string[] references = ["the pub is a pub by the river", "the pub is a pub by the river"];
        Assert.True(Nist.Corpus([new("by the river and on it", references)]) > Nist.Corpus([new("the pub and on it but", references)]));
    }
}
