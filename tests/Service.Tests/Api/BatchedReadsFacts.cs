using System.Collections.Concurrent;
using System.Threading.Channels;
using LoraDrop.Api;

namespace LoraDrop.Service.Tests;

public sealed class BatchedReadsFacts
{
    [Fact]
    public async Task Who_asks_while_a_read_is_on_its_way_is_answered_by_one_that_begins_later()
    {
        var database = new SlowDatabase();
        var reads = new BatchedReads<int, int>(database.ReadAsync);
        var first = reads.ReadAsync(1, CancellationToken.None);
        var begun = await database.NextAsync();
        database.State = 2; // what the read that has begun may not have seen
        Task<int>[] others = [reads.ReadAsync(1, CancellationToken.None), reads.ReadAsync(2, CancellationToken.None),
            reads.ReadAsync(1, CancellationToken.None)];
        begun.End();
        Assert.Equal(1, await first);
        (await database.NextAsync()).End();
        Assert.All(await Task.WhenAll(others), seen => Assert.Equal(2, seen));
        Assert.Equal([[1], [1, 2]], database.Asked);
    }

    [Fact]
    public async Task Nobody_is_told_of_a_state_older_than_the_one_when_it_asked()
    {
        var state = 0;
        var reads = new BatchedReads<int, int>(async keys =>
        {
            var seen = Volatile.Read(ref state);
            await Task.Yield();
            return keys.ToDictionary(key => key, _ => seen);
        });
        await Task.WhenAll(Enumerable.Range(0, 16).Select(key => Task.Run(async () =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var least = i % 4 == 0 ? Interlocked.Increment(ref state) : Volatile.Read(ref state);
                var seen = await reads.ReadAsync(key, CancellationToken.None);
                Assert.True(seen >= least, $"told {seen}, it was {least} before");
            }
        }))).WaitAsync(Eventually.Patience);
    }

    [Fact]
    public async Task What_fails_fails_for_those_it_was_to_answer_and_for_nobody_after_them()
    {
        var outage = true;
        var reads = new BatchedReads<int, string>(async keys =>
        {
            await Task.Yield();
            if (outage) throw new IOException("the connection broke");
            return keys.Where(key => key > 0).ToDictionary(key => key, key => $"{key}");
        });
        await Assert.ThrowsAsync<IOException>(() => reads.ReadAsync(1, CancellationToken.None));
        outage = false;
        Assert.Equal(("1", null), (await reads.ReadAsync(1, CancellationToken.None), await reads.ReadAsync(0, CancellationToken.None)));
    }

    [Fact]
    public async Task A_reader_that_goes_away_takes_no_answer_from_others()
    {
        var database = new SlowDatabase();
        var reads = new BatchedReads<int, int>(database.ReadAsync);
        using var gone = new CancellationTokenSource();
        Task<int> leaver = reads.ReadAsync(1, gone.Token), other = reads.ReadAsync(1, CancellationToken.None);
        var begun = await database.NextAsync();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        begun.End();
        Assert.Equal(1, await other);
    }

    /// <summary>Reads what the state is when a read begins, and answers when it is told to.</summary>
    private sealed class SlowDatabase
    {
        private readonly Channel<Reading> _begun = Channel.CreateUnbounded<Reading>();

        public int State { get; set; } = 1;

        public ConcurrentQueue<int[]> Asked { get; } = new();

        public async Task<IReadOnlyDictionary<int, int>> ReadAsync(IReadOnlyCollection<int> keys)
        {
            var (seen, reading) = (State, new Reading());
            Asked.Enqueue([.. keys.Order()]);
            Assert.True(_begun.Writer.TryWrite(reading));
            await reading.Ended;
            return keys.ToDictionary(key => key, _ => seen);
        }

        /// <summary>Waits for the next read to begin.</summary>
        public Task<Reading> NextAsync() => _begun.Reader.ReadAsync().AsTask().WaitAsync(Eventually.Patience);
    }

    private sealed class Reading
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public void End() => _ended.SetResult();
    }
}
