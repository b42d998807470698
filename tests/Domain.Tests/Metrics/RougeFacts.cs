using System.Text.Json;

namespace LoraDrop.Domain.Tests;

public sealed class RougeFacts
{
    [Theory]
    [MemberData(nameof(GoldenText.CaseNames), MemberType = typeof(GoldenText))]
    public void Each_reference_is_scored_as_rouge_score_does_and_the_best_one_counts(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        foreach (var (form, rouge) in Forms)
        {
            var scored = expected.GetProperty("rouge").GetProperty(form);
            foreach (var (i, reference) in segments[0].References.Index())
                Same(scored.GetProperty("per_reference")[i], rouge.Score(segments[0].Hypothesis, reference));
            if (scored.TryGetProperty("best", out var best)) Same(best, rouge.Best(segments[0]));
        }
    }

    [Theory]
    [MemberData(nameof(GoldenText.CorpusNames), MemberType = typeof(GoldenText))]
    [MemberData(nameof(GoldenText.DataSetNames), MemberType = typeof(GoldenText))]
    public void A_corpus_scores_the_mean(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        foreach (var (form, rouge) in Forms) Same(expected.GetProperty("rouge").GetProperty(form), rouge.Corpus(segments));
    }

    [Theory]
    [MemberData(nameof(GoldenText.CaseNames), MemberType = typeof(GoldenText))]
    public void Texts_are_cut_and_stemmed_as_rouge_score_does(string name)
    {
        var (segments, expected) = GoldenText.Get(name);
        foreach (var (i, text) in segments[0].References.Prepend(segments[0].Hypothesis).Index())
        {
            Assert.Equal(expected.GetProperty("tokens").GetProperty("rouge")[i].GetString(),
                string.Join(' ', new Rouge(Stem: false).Tokens(text)));
            Assert.Equal(expected.GetProperty("tokens").GetProperty("rouge_stem")[i].GetString(),
                string.Join(' ', new Rouge(Stem: true).Tokens(text)));
        }
    }

    [Fact]
    public void Nothing_written_scores_0()
    {
        Assert.Equal(new(0, 0, 0), new Rouge().Score("", "some text").RougeL);
        Assert.Equal(new(0, 0, 0), new Rouge().Score("some text", "").Rouge1);
        Assert.Equal(new(0, 0, 0), new Rouge().Score("", "").RougeLsum);
    }

    [Fact]
    public void A_subsequence_longer_than_a_machine_word_is_found()
    {
        List<string> one = [.. Enumerable.Range(0, 1000).Select(i => $"{i * i % 17}")],
            other = [.. Enumerable.Range(0, 700).Select(i => $"{i * 5 % 13}")];
        Assert.Equal(Table(one, other), LongestCommonSubsequence.Length(one, other));
        Assert.Equal(Table(one, other), LongestCommonSubsequence.Positions(one, other).Count);
    }

    private static Dictionary<string, Rouge> Forms => new() { ["plain"] = new(Stem: false), ["stem"] = new(Stem: true) };

    private static void Same(JsonElement expected, RougeScores actual)
    {
        foreach (var (name, score) in new[] { ("rouge1", actual.Rouge1), ("rouge2", actual.Rouge2), ("rougeL", actual.RougeL),
            ("rougeLsum", actual.RougeLsum) })
        {
            var values = expected.GetProperty(name);
            GoldenText.Same(values[0], score.Precision, $"precision of {name}");
            GoldenText.Same(values[1], score.Recall, $"recall of {name}");
            GoldenText.Same(values[2], score.F, $"F of {name}");
        }
    }

    private static int Table(List<string> one, List<string> other)
    {
        var table = new int[one.Count + 1, other.Count + 1];
        for (var i = 1; i <= one.Count; i++)
        {
            for (var j = 1; j <= other.Count; j++)
            {
                table[i, j] = one[i - 1] == other[j - 1] ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);
            }
        }
        return table[one.Count, other.Count];
    }
}
