using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Rate limits for callers and for invalid keys. Each process counts separately.</summary>
internal sealed class CallLimits(ApiOptions options) : IDisposable
{
    /// <summary>Invalid keys per minute and address: enough for a misconfigured script, too few for a brute-force search.</summary>
    private const int GuessesPerMinute = 60;

    private readonly PartitionedRateLimiter<Caller> _calls = PartitionedRateLimiter.Create<Caller, string>(caller =>
    {
        var most = caller.RequestsPerMinute ?? options.RequestsPerMinute;
        return RateLimitPartition.GetTokenBucketLimiter($"{caller.Name} {caller.Owner} {most}", _ => Bucket(most));
    });

    private readonly PartitionedRateLimiter<IPAddress> _guesses = PartitionedRateLimiter.Create<IPAddress, string>(address =>
        RateLimitPartition.GetFixedWindowLimiter(Network(address),
            _ => new() { PermitLimit = GuessesPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 }));

    /// <summary>Counts a request. Returns null if it is allowed, else the seconds to wait.</summary>
    public int? Count(Caller caller) => Wait(Acquire(_calls, caller));

    /// <summary>Counts an invalid key.</summary>
    public void CountGuess(IPAddress address) => Acquire(_guesses, address).Dispose();

    /// <summary>The seconds an address must wait after too many invalid keys; null if it need not wait.</summary>
    public int? WaitAfterGuesses(IPAddress address) => Wait(Acquire(_guesses, address, permits: 0));

    public void Dispose()
    {
        _calls.Dispose();
        _guesses.Dispose();
    }

    /// <summary>Acquires permits. Retries if the runtime has just disposed an idle limiter, which throws an
    /// <see cref="ObjectDisposedException"/> (dotnet/runtime#99865); the next attempt gets a new limiter.</summary>
    private static RateLimitLease Acquire<T>(PartitionedRateLimiter<T> limiter, T who, int permits = 1)
    {
        const int Most = 5; // a limiter disposed as a whole keeps throwing
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return limiter.AttemptAcquire(who, permits);
            }
            catch (ObjectDisposedException) when (attempt < Most)
            {
                // The idle limiter has been removed by now.
            }
        }
    }

    private static int? Wait(RateLimitLease lease)
    {
        using (lease)
            return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
                ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds))
                : 1;
    }

    /// <summary>Allows a minute's requests as a burst and refills evenly.</summary>
    private static TokenBucketRateLimiterOptions Bucket(int perMinute)
    {
        var period = TimeSpan.FromSeconds(Math.Max(1, 60.0 / perMinute));
        return new() { TokenLimit = perMinute, TokensPerPeriod = Math.Max(1, (int)(perMinute * period.TotalMinutes)),
            ReplenishmentPeriod = period, QueueLimit = 0, AutoReplenishment = true };
    }

    /// <summary>IPv6 addresses are counted per /64 network, since a client usually controls all of it.</summary>
    private static string Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? address.ToString()
            : Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
    }
}
