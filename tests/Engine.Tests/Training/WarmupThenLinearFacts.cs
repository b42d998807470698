using System.Text.Json;

namespace LoraDrop.Engine.Tests;

public sealed class WarmupThenLinearFacts
{
    [Fact]
    public void Every_step_has_the_rate_that_transformers_gives_it()
    {
        var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "schedules.json"))).RootElement;
        foreach (var schedule in json.GetProperty("schedules").EnumerateArray())
        {
            int warmup = schedule.GetProperty("num_warmup_steps").GetInt32(), steps = schedule.GetProperty("num_training_steps").GetInt32();
            var rate = new WarmupThenLinear(schedule.GetProperty("base_lr").GetDouble(), (double)warmup / steps, steps);
            Assert.All(schedule.GetProperty("lr").EnumerateArray().Index(), expected => Assert.Equal(expected.Item.GetDouble(), rate.At(expected.Index), 1e-15));
        }
    }

    [Theory]
    [InlineData(0.06, 100, 6)]
    [InlineData(0.06, 101, 7)] // 6.06
    [InlineData(0.06, 10, 1)]
    public void A_part_of_a_warm_up_step_is_a_whole_one(double share, int steps, int warmup)
    {
        var rate = new WarmupThenLinear(1, share, steps);
        Assert.Equal((warmup - 1.0) / warmup, rate.At(warmup - 1));
        Assert.Equal(1, rate.At(warmup));
    }
}
