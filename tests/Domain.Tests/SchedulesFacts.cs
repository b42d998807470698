namespace LoraDrop.Domain.Tests;

/// <summary>Learning rates are those of transformers' schedules (Golden/sampling.json).</summary>
public sealed class SchedulesFacts
{
    [Theory]
    [InlineData("linear", RateSchedule.Linear)]
    [InlineData("cosine", RateSchedule.Cosine)]
    [InlineData("constant", RateSchedule.Constant)]
    public void Every_step_has_the_rate_that_transformers_gives_it(string name, RateSchedule kind)
    {
        var schedules = GoldenText.Golden("sampling.json").GetProperty("schedules").EnumerateArray()
            .Where(s => s.GetProperty("schedule").GetString() == name
            && (!s.TryGetProperty("num_cycles", out var cycles) || cycles.GetDouble() == 0.5)).ToList();
        Assert.NotEmpty(schedules);
        foreach (var schedule in schedules)
        {
            var steps = schedule.TryGetProperty("num_training_steps", out var all)
                ? all.GetInt32()
                : schedule.GetProperty("lr").GetArrayLength();
            var rate = new LearningRate(kind, schedule.GetProperty("num_warmup_steps").GetInt32(), steps);
            var peak = schedule.GetProperty("base_lr").GetDouble();
            foreach (var (step, expected) in schedule.GetProperty("lr").EnumerateArray().Index())
                Assert.Equal(expected.GetDouble(), peak * rate.At(step), 1e-15);
        }
    }

    [Theory]
    [InlineData(0.06, 100, 6)]
    [InlineData(0.06, 101, 7)] // 6.06
    [InlineData(0.06, 10, 1)]
    public void A_part_of_a_warm_up_step_is_a_whole_one(double share, int steps, int warmup)
    {
        var rate = LearningRate.Of(new() { WarmupRatio = share }, steps);
        Assert.Equal((warmup - 1.0) / warmup, rate.At(warmup - 1));
        Assert.Equal(1, rate.At(warmup));
    }

    [Theory]
    [InlineData(RateSchedule.Linear, new[] { 0, 0.5, 1, 0.75, 0.5, 0.25, 0 })]
    [InlineData(RateSchedule.Cosine, new[] { 0, 0.5, 1, 0.853553390593274, 0.5, 0.146446609406726, 0 })]
    [InlineData(RateSchedule.Constant, new[] { 0, 0.5, 1, 1, 1, 1, 1 })]
    public void After_warm_up_the_rate_follows_the_schedule(RateSchedule schedule, double[] expected)
    {
        var rate = LearningRate.Of(new() { WarmupRatio = 0.2, Schedule = schedule }, 10);
        Assert.All(((int[])[0, 1, 2, 4, 6, 8, 10]).Index(), at => Assert.Equal(expected[at.Index], rate.At(at.Item), 1e-14));
    }
}
