namespace LoraDrop.Api;

/// <summary>Answers questions together: those that come while a read is on its way are all answered by the next, which begins when that one has ended.</summary>
/// <remarks>
/// A read begins after each question that it answers was asked, so nobody is told of an older state than the one at that moment, as if each had asked alone.
/// With one statement for each request, thousands of pollers cost the database more than all else that the service does.
/// </remarks>
/// <param name="read">What is known of some keys; those of which nothing is known are left out. Called by one at a time.</param>
internal sealed class GatheredReads<TKey, TState>(Func<IReadOnlyCollection<TKey>, Task<IReadOnlyDictionary<TKey, TState>>> read) where TKey : notnull
{
    private readonly Lock _lock = new();
    private Round? _gathering;
    private Task _last = Task.CompletedTask;

    /// <summary>What is known of a key; the default where nothing is.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancel">Ends the wait; the read goes on for the others.</param>
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
        lock (_lock) _gathering = null; // who asks from here on is answered by the next
        return await read(round.Keys);
    }

    private sealed class Round
    {
        public HashSet<TKey> Keys { get; } = [];

        public Task<IReadOnlyDictionary<TKey, TState>> Answer { get; set; } = null!;
    }
}
