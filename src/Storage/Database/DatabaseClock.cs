using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>The database's time, so that leases and queue times of many machines can be compared although their clocks differ.</summary>
/// <remarks>The machine's own clock plus an offset that is measured regularly. Timers run by the machine's clock.</remarks>
public sealed class DatabaseClock : TimeProvider
{
    private long _offsetTicks;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));

    /// <summary>Sets the offset from the database's time.</summary>
    /// <returns>How far the machine's clock is behind it.</returns>
    public async Task<TimeSpan> SetAsync(JobsContext db, CancellationToken cancel)
    {
        await db.Database.OpenConnectionAsync(cancel); // connecting must not count as latency
        var asked = System.GetTimestamp();
        var theirs = (await db.Database.SqlQuery<DateTime>($"SELECT clock_timestamp() AS \"Value\"").ToListAsync(cancel))[0];
        var behind = new DateTimeOffset(theirs) + System.GetElapsedTime(asked) / 2 - System.GetUtcNow();
        Interlocked.Exchange(ref _offsetTicks, behind.Ticks);
        return behind;
    }
}

/// <summary>Keeps <see cref="DatabaseClock"/> accurate.</summary>
internal sealed partial class DatabaseClockKeeper(IDbContextFactory<JobsContext> contexts, DatabaseClock clock,
    ILogger<DatabaseClockKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(30), Worth = TimeSpan.FromSeconds(1);

    /// <summary>Sets the clock once before other services start.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await SetAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Between, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stoppingToken.IsCancellationRequested) await SetAsync(stoppingToken);
        }
    }

    private async Task SetAsync(CancellationToken cancel)
    {
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancel);
            var before = clock.GetUtcNow();
            var behind = await clock.SetAsync(db, cancel);
            if ((clock.GetUtcNow() - before).Duration() >= Worth) Differs(behind.TotalSeconds);
        }
        catch (Exception failed)
            when (Outages.Of(failed) is not null || (failed is OperationCanceledException && cancel.IsCancellationRequested))
        {
            // The last offset stays: clocks do not drift that fast.
        }
    }

    [LoggerMessage(1106, LogLevel.Warning, "This machine's clock is {Seconds:0.0} s behind the database's, whose time counts")]
    private partial void Differs(double seconds);
}
