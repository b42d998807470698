using LoraDrop.Api;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>Positions in a queue so long that its order is kept for a while.</summary>
public sealed class LongQueueApiFacts : IAsyncLifetime
{
    private readonly StandingClock _clock = new();
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync(services =>
            services.AddSingleton<QueueOrder>(provider => new(provider.GetRequiredService<IDbContextFactory<JobsContext>>(), _clock)));
        await _service.AddInputsAsync();
        await _service.RowsAsync(async db =>
        {
            var (model, dataset, now) = (await db.Models.SingleAsync(), await db.Datasets.SingleAsync(),
                _service.Clock.GetUtcNow() - TimeSpan.FromHours(1));
            for (var i = 0; i < 150; i++)
                db.Jobs.Add(new()
                {
                    Id = Guid.CreateVersion7(now), Status = JobStatus.Queued, Method = Methods.Lora,
                    Settings = JobRequest.Parse(Given.Lora).ToJson(), ServiceVersion = "0.1.0", Model = model, Dataset = dataset,
                    CreatedAt = now, Version = 1,
                    Stages = { new() { Stage = Stage.ImportanceEvaluation, Status = JobStatus.Queued, Priority = JobPriority.Default,
                    QueuedAt = now.AddSeconds(i) } },
                });
            return await db.SaveChangesAsync();
        });
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_position_may_be_half_a_second_old_and_not_older()
    {
        var id = await _service.SubmitAsync();
        Assert.Equal(151, await PositionAsync(id));
        await TakeFirstAsync();
        Assert.Equal(151, await PositionAsync(id));
        _clock.Pass(TimeSpan.FromSeconds(0.5));
        Assert.Equal(150, await PositionAsync(id));
    }

    [Fact]
    public async Task That_a_stage_is_taken_is_told_at_once()
    {
        var id = await FirstAsync();
        Assert.Equal(1, await PositionAsync(id));
        await TakeFirstAsync();
        var job = await _service.JsonAsync($"/jobs/{id}");
        Assert.Equal("running", job.GetProperty("status").GetString());
        Assert.False(job.TryGetProperty("queuePosition", out _));
    }

    [Fact]
    public async Task A_stage_that_came_since_stands_behind_those_ahead_of_it_that_are_known()
    {
        Assert.Equal(1, await PositionAsync(await FirstAsync()));
        Guid last = await _service.SubmitAsync(),
            urgent = await _service.SubmitAsync(Given.Minimal.Replace("\"model\":", "\"priority\": \"high\", \"model\":"));
        Assert.Equal((151, 1), (await PositionAsync(last), await PositionAsync(urgent)));
        _clock.Pass(TimeSpan.FromSeconds(0.5));
        Assert.Equal((152, 1), (await PositionAsync(last), await PositionAsync(urgent)));
    }

    private Task<Guid> FirstAsync() =>
        _service.RowsAsync(db => db.Stages.Where(s => s.Status == JobStatus.Queued).OrderBy(s => s.QueuedAt).Select(s => s.JobId)
            .FirstAsync());

    private async Task TakeFirstAsync() => await _service.TakeAsync(await FirstAsync());

    private async Task<int> PositionAsync(Guid id) => (await _service.JsonAsync($"/jobs/{id}")).GetProperty("queuePosition").GetInt32();

    private sealed class StandingClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public void Pass(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }
}
