namespace LoraDrop.Worker;

/// <summary>Tries again what failed for a reason that may pass, each time later: twice the wait before, or what the hub asks for.</summary>
internal sealed class Patience(HubOptions options, TimeProvider time)
{
    /// <summary>Runs attempts until one succeeds.</summary>
    /// <param name="attempt">Fails with a <see cref="PassingFault"/> where another attempt makes sense.</param>
    /// <param name="reached">A number that changes when an attempt moved something, which makes the count of failures start anew; so
    /// a long transfer survives any number of broken connections, and one that stands still ends.</param>
    /// <param name="cancel">Ends the waiting too.</param>
    /// <exception cref="HubUnreachableException">As many attempts in a row as the options allow have failed.</exception>
    public async Task<T> TryAsync<T>(Func<Task<T>> attempt, Func<long> reached, CancellationToken cancel)
    {
        var (failures, last) = (0, reached());
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (PassingFault fault)
            {
                failures = reached() == last ? failures + 1 : 1;
                last = reached();
                if (failures >= options.Attempts) throw new HubUnreachableException(options.Endpoint, $"{fault.Message} (tried {Times(failures)})", fault);
                await Task.Delay(Wait(failures, fault), time, cancel);
            }
        }
    }

    public Task<T> TryAsync<T>(Func<Task<T>> attempt, CancellationToken cancel) => TryAsync(attempt, () => 0, cancel);

    private TimeSpan Wait(int failures, PassingFault fault)
    {
        var backoff = options.FirstDelay * Math.Pow(2, failures - 1);
        var wanted = fault.RetryAfter is { } asked && asked > backoff ? asked : backoff;
        return wanted < options.LongestDelay ? wanted : options.LongestDelay;
    }

    private static string Times(int n) => n == 1 ? "once" : $"{n} times";
}
