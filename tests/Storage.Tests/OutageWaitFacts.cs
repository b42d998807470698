using LoraDrop.Domain;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Storage.Tests;

/// <summary>How long the service waits between two tries while the database or the store is gone.</summary>
public sealed class OutageWaitFacts
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(60)]
    public async Task Between_two_tries_there_is_at_most_the_time_between_two_renewals_and_never_more_than_five_seconds(int lease)
    {
        var (clock, tries) = (new WaitlessClock(), 0);
        var length = TimeSpan.FromSeconds(lease);
        var outages = new Outages(clock, new() { Length = length }, NullLogger<Outages>.Instance);
        Assert.Equal("done", await outages.WaitOutAsync(
            () => ++tries < 10 ? throw new StoreUnreachableException("the store is gone", null) : Task.FromResult("done"), default));
        Assert.Equal(9, clock.Waits.Count);
        Assert.Equal(TimeSpan.FromMilliseconds(250), clock.Waits[0]);
        // a worker waits one lease after an outage before it takes over what is silent: the owner must have tried again by then
        var longest = TimeSpan.FromSeconds(Math.Min(5, lease / 6.0));
        Assert.InRange(longest - clock.Waits.Max(), TimeSpan.Zero, TimeSpan.FromMilliseconds(1)); // timers count whole milliseconds
        Assert.Equal(clock.Waits.Max(), clock.Waits[^1]);
    }

    /// <summary>Ends every wait at once, and keeps how long each was to be.</summary>
    private sealed class WaitlessClock : TimeProvider
    {
        public List<TimeSpan> Waits { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
