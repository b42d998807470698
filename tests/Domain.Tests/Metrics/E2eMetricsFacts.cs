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

    [Theory]
    [MemberData(nameof(GoldenText.AllNames), MemberType = typeof(GoldenText))]
    public void ROUGE_L_and_CIDEr_are_pycocoevalcaps(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        if (!expected.TryGetProperty("coco", out expected)) return;   // a single case, or a set that was not scored so
        GoldenText.Same(expected.GetProperty("rouge_l"), CocoRougeL.Corpus(segments), "ROUGE-L");
        GoldenText.Same(expected.GetProperty("cider"), Cider.Corpus(segments), "CIDEr");
        if (!expected.TryGetProperty("cider_per_case", out var ciders)) return;
        foreach (var (i, score) in Cider.Scores(segments).Index()) GoldenText.Same(ciders[i], score, $"CIDEr of {i}");
        foreach (var (i, segment) in segments.Index()) GoldenText.Same(expected.GetProperty("rouge_l_per_case")[i], CocoRougeL.Score(segment), $"ROUGE-L of {i}");
    }

    [Fact]
    public void Rare_words_are_worth_more_to_NIST()
    {
        string[] references = ["the pub is a pub by the river", "the pub is a pub by the river"];
        Assert.True(Nist.Corpus([new("by the river and on it", references)]) > Nist.Corpus([new("the pub and on it but", references)]));
    }
}
