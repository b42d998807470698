using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LoraDrop.Domain.Tests;

/// <summary>Answers are taken out as openai/grade-school-math does it (Golden/gsm8k.json).</summary>
public sealed class Gsm8kFacts
{
    private static readonly JsonElement Golden = GoldenText.Golden("gsm8k.json");

    public static TheoryData<string> Cases =>
        new(Golden.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("id").GetString()!));

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_answer_is_the_official_one(string id)
    {
        var item = Golden.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("id").GetString() == id);
        Assert.Equal(item.GetProperty("valid").GetBoolean() ? item.GetProperty("extracted").GetString() : null,
            Gsm8k.Answer(item.GetProperty("answer").GetString()!));
    }

    [Theory]
    [InlineData("train"), InlineData("test")]
    public void Every_published_problem_has_its_answer(string set)
    {
        var expected = Golden.GetProperty("datasets").GetProperty(set);
        var answers = File.ReadLines(RealData.Path("nlg", "gsm8k", set + ".jsonl"))
            .Select(line => Gsm8k.Answer(JsonDocument.Parse(line).RootElement.GetProperty("answer").GetString()!)).ToList();
        Assert.Equal(expected.GetProperty("rows").GetInt32(), answers.Count);
        Assert.DoesNotContain(null, answers);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', answers))));
        Assert.Equal(expected.EnumerateObject().Single(f => f.Name.StartsWith("sha256")).Value.GetString(), hash);
    }
}
