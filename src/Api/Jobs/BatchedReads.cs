namespace LoraDrop.Api;

/// <summary>Batches reads: requests that arrive during a read are answered together by the next one.</summary>
/// <remarks>
/// A read starts after all requests it answers have arrived, so no caller gets a state older than its request.
/// With one statement per request, thousands of polling clients would load the database more than everything else.
/// </remarks>
/// <param name="read">Reads the states of some keys; unknown keys are omitted. Never called concurrently.</param>
internal sealed class BatchedReads<TKey, TState>(Func<IReadOnlyCollection<TKey>, Task<IReadOnlyDictionary<TKey, TState>>> read)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private Round? _gathering;
    private Task _last = Task.CompletedTask;

    /// <summary>The state of a key; the default if it is unknown.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancel">Stops waiting; the read continues for the others.</param>
    public async Task<TState?> ReadAsync(TKey key, CancellationToken cancel)
    {
        Round round;
        lock (_lock)
        {
            round = _gathering ??= Begin();
            round.Keys.Add(key);
        }
        return (await round.Answer.WaitAsync(cancel)).GetValueOrDefault(key);
    }

    private Round Begin()
    {
        var round = new Round();
        _last = round.Answer = AnswerAsync(round, after: _last);
        return round;
    }

    private async Task<IReadOnlyDictionary<TKey, TState>> AnswerAsync(Round round, Task after)
    {
        await Task.Yield(); // out of the lock
        await after.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock) _gathering = null; // later requests join the next batch
        return await read(round.Keys);
    }

    private sealed class Round
    {
        public HashSet<TKey> Keys { get; } = [];

        public Task<IReadOnlyDictionary<TKey, TState>> Answer { get; set; } = null!;
    }
}
