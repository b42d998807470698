using System.Text.Json;

namespace LoraDrop.Domain.Tests;

/// <summary>Learning rates are those of transformers' schedules (Golden/sampling.json); the linear one is the engine's.</summary>
public sealed class SchedulesFacts
{
    private static readonly JsonElement[] Schedules = [.. GoldenText.Golden("sampling.json").GetProperty("schedules").EnumerateArray()];

    [Fact]
    public void A_cosine_falls_as_transformers_has_it() => Check("cosine", schedule =>
        new WarmupThenCosine(Number(schedule, "base_lr"), (int)Number(schedule, "num_warmup_steps"), (int)Number(schedule, "num_training_steps"),
            schedule.TryGetProperty("num_cycles", out var cycles) ? cycles.GetDouble() : 0.5).At);

    [Fact]
    public void A_constant_rate_stays_as_transformers_has_it() => Check("constant", schedule =>
        new WarmupThenConstant(Number(schedule, "base_lr"), (int)Number(schedule, "num_warmup_steps")).At);

    private static void Check(string name, Func<JsonElement, Func<int, double>> at)
    {
        var schedules = Schedules.Where(s => s.GetProperty("schedule").GetString() == name).ToList();
        Assert.NotEmpty(schedules);
        foreach (var schedule in schedules)
        {
            foreach (var (step, rate) in schedule.GetProperty("lr").EnumerateArray().Index()) Assert.Equal(rate.GetDouble(), at(schedule)(step), 1e-15);
        }
    }

    private static double Number(JsonElement schedule, string name) => schedule.GetProperty(name).GetDouble();
}
