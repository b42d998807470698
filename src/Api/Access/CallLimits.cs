using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>How often a caller may ask, and a stranger guess. Each process counts by itself.</summary>
internal sealed class CallLimits(ApiOptions options) : IDisposable
{
    /// <summary>Wrong keys a minute from one address: enough for a script that is set up wrong, too few to search.</summary>
    private const int GuessesPerMinute = 60;

    private readonly PartitionedRateLimiter<Caller> _calls = PartitionedRateLimiter.Create<Caller, string>(caller =>
    {
        var most = caller.RequestsPerMinute ?? options.RequestsPerMinute;
        return RateLimitPartition.GetTokenBucketLimiter($"{caller.Name} {caller.Owner} {most}", _ => Bucket(most));
    });

    private readonly PartitionedRateLimiter<IPAddress> _guesses = PartitionedRateLimiter.Create<IPAddress, string>(address =>
        RateLimitPartition.GetFixedWindowLimiter(Network(address), _ => new() { PermitLimit = GuessesPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 }));

    /// <summary>Counts a request; seconds until the next is let through, or null where this one is.</summary>
    public int? Count(Caller caller) => Wait(Acquire(_calls, caller));

    /// <summary>Counts a wrong key.</summary>
    public void CountGuess(IPAddress address) => Acquire(_guesses, address).Dispose();

    /// <summary>Whether an address has guessed too often; seconds until it may again.</summary>
    public int? Guessed(IPAddress address) => Wait(Acquire(_guesses, address, permits: 0));

    public void Dispose()
    {
        _calls.Dispose();
        _guesses.Dispose();
    }

    /// <summary>Takes permits, again where the runtime has just disposed of what counted them for being idle: whoever asks in that moment gets an
    /// exception (dotnet/runtime#99865), and the next attempt a new count.</summary>
    private static RateLimitLease Acquire<T>(PartitionedRateLimiter<T> limiter, T who, int permits = 1)
    {
        const int Most = 5; // a limiter that is disposed of as a whole stays so
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return limiter.AttemptAcquire(who, permits);
            }
            catch (ObjectDisposedException) when (attempt < Most)
            {
                // gone by now from the table of those that count
            }
        }
    }

    private static int? Wait(RateLimitLease lease)
    {
        using (lease)
            return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 1;
    }

    /// <summary>A minute's requests may come at once; then they come back evenly.</summary>
    private static TokenBucketRateLimiterOptions Bucket(int perMinute)
    {
        var period = TimeSpan.FromSeconds(Math.Max(1, 60.0 / perMinute));
        return new() { TokenLimit = perMinute, TokensPerPeriod = Math.Max(1, (int)(perMinute * period.TotalMinutes)), ReplenishmentPeriod = period, QueueLimit = 0, AutoReplenishment = true };
    }

    /// <summary>Who has one address of IPv6 has the 2⁶⁴ of its network.</summary>
    private static string Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() : Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
    }
}
