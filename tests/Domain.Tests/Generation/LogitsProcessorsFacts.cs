using System.Text.Json;

namespace LoraDrop.Domain.Tests;

/// <summary>Scores are changed as transformers changes them (Golden/sampling.json).</summary>
public sealed class LogitsProcessorsFacts
{
    private static readonly JsonElement Golden = GoldenText.Golden("sampling.json");

    public static TheoryData<string> Cases => new(Golden.GetProperty("cases").EnumerateArray()
        .Where(c => c.GetProperty("processors").EnumerateArray()
        .All(processor => processor.GetProperty("name").GetString() is not ("min_p" or "typical_p")))
        .Select(c => c.GetProperty("id").GetString()!));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Scores_are_transformers_own(string id)
    {
        var item = Golden.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("id").GetString() == id);
        var logits = Scores(item.GetProperty("logits"));
        int[] tokens = [.. item.GetProperty("input_ids").EnumerateArray().Select(t => t.GetInt32())];
        foreach (var processor in item.GetProperty("processors").EnumerateArray()) logits = Processed(logits, tokens, processor);
        Assert.Equal(Scores(item.GetProperty("processed")), logits);
        foreach (var (i, probability) in LogitsProcessors.Softmax(logits).Index())
            Assert.Equal(item.GetProperty("probabilities")[i].GetDouble(), probability, 1e-6);
    }

    [Fact]
    public void The_scores_that_go_in_stay_as_they_are()
    {
        float[] logits = [1, 2, 3];
        LogitsProcessors.TopK(logits, 1);
        LogitsProcessors.RepetitionPenalty(logits, [0], 2);
        Assert.Equal([1, 2, 3], logits);
    }

    [Fact]
    public void A_setting_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => LogitsProcessors.Temperature([1], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LogitsProcessors.TopK([1], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LogitsProcessors.TopP([1], 1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => LogitsProcessors.RepetitionPenalty([1], [], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LogitsProcessors.NoRepeatNgram([1], [], 0));
    }

    [Fact]
    public void A_length_penalty_above_0_favours_the_longer_text()
    {
        Assert.True(BeamScore.Of(-6, 10, lengthPenalty: 1) > BeamScore.Of(-4, 5, lengthPenalty: 1));
        Assert.True(BeamScore.Of(-6, 10, lengthPenalty: 0) < BeamScore.Of(-4, 5, lengthPenalty: 0));
        Assert.Equal(-0.6, BeamScore.Of(-6, 10), 1e-12);
    }

    private static float[] Processed(float[] logits, int[] tokens, JsonElement processor)
    {
        var keep = processor.TryGetProperty("min_tokens_to_keep", out var least) ? least.GetInt32() : 1;
        return processor.GetProperty("name").GetString() switch
        {
            "temperature" => LogitsProcessors.Temperature(logits, Number("temperature")),
            "top_k" => LogitsProcessors.TopK(logits, (int)Number("top_k"), keep),
            "top_p" => LogitsProcessors.TopP(logits, Number("top_p"), keep),
            "repetition_penalty" => LogitsProcessors.RepetitionPenalty(logits, tokens, Number("penalty")),
            "no_repeat_ngram" => LogitsProcessors.NoRepeatNgram(logits, tokens, (int)Number("ngram_size")),
            "min_length" => LogitsProcessors.MinLength(logits, tokens.Length, (int)Number("min_length"), Ends()),
            "min_new_tokens" =>
                LogitsProcessors.MinLength(logits, tokens.Length - (int)Number("prompt_length"), (int)Number("min_new_tokens"), Ends()),
            var name => throw new ArgumentException($"No processor {name}."),
        };

        double Number(string name) => processor.GetProperty(name).GetDouble();
        int[] Ends() => [.. processor.GetProperty("eos_token_id").EnumerateArray().Select(t => t.GetInt32())];
    }

    private static float[] Scores(JsonElement list) =>
        [.. list.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? float.NegativeInfinity : v.GetSingle())];
}
