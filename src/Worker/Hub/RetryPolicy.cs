namespace LoraDrop.Worker;

/// <summary>Retries transient failures with exponential backoff, or the delay the hub requests.</summary>
internal sealed class RetryPolicy(HubOptions options, TimeProvider time)
{
    /// <summary>Runs attempts until one succeeds.</summary>
    /// <param name="attempt">Throws a <see cref="TransientFault"/> if it should be retried.</param>
    /// <param name="reached">A number that changes when an attempt makes progress, which resets the count of failures; so
    /// a long transfer survives any number of broken connections, and a stalled one fails.</param>
    /// <param name="cancel">Also cancels the delays.</param>
    /// <exception cref="HubUnreachableException">The maximum number of consecutive attempts failed.</exception>
    public async Task<T> TryAsync<T>(Func<Task<T>> attempt, Func<long> reached, CancellationToken cancel)
    {
        var (failures, last) = (0, reached());
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (TransientFault fault)
            {
                failures = reached() == last ? failures + 1 : 1;
                last = reached();
                if (failures >= options.Attempts)
                    throw new HubUnreachableException(options.Endpoint, $"{fault.Message} (tried {Times(failures)})", fault);
                await Task.Delay(Wait(failures, fault), time, cancel);
            }
        }
    }

    public Task<T> TryAsync<T>(Func<Task<T>> attempt, CancellationToken cancel) => TryAsync(attempt, () => 0, cancel);

    private TimeSpan Wait(int failures, TransientFault fault)
    {
        var backoff = options.FirstDelay * Math.Pow(2, failures - 1);
        var wanted = fault.RetryAfter is { } asked && asked > backoff ? asked : backoff;
        return wanted < options.LongestDelay ? wanted : options.LongestDelay;
    }

    private static string Times(int n) => n == 1 ? "once" : $"{n} times";
}
