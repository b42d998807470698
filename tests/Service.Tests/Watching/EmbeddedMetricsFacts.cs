namespace LoraDrop.Service.Tests;

/// <summary>The numbers of a service that is one process.</summary>
public sealed class EmbeddedMetricsFacts
{
    [Fact]
    public async Task Both_halves_tell_at_the_one_address()
    {
        await using var service = await WorkingService.StartAsync();
        // a worker counts from its first heartbeat on
        var told = await Eventually.UntilAsync(() => Exposition.ScrapeAsync(service.Http, "/metrics"),
            told => told.Sum("loradrop_worker_slots") == 1);
        Assert.Equal(0, told.Sum("loradrop_queue_depth"));
        Assert.Contains(told.Samples, s => s.Name == "loradrop_worker_busy_slots");
        Assert.Contains(told.Samples, s => s.Name == "loradrop_train_tokens_total");
    }
}
