using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using LoraDrop.Domain;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Storage.Tests;

public sealed class WorkQueueFacts
{
    private readonly SlowClient _client = new();
    private readonly WorkQueue _queue;

    public WorkQueueFacts() => _queue = new(_client, NullLogger<WorkQueue>.Instance);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_waits_until_a_message_is_sent()
    {
        _client.Gate.Reset();
        _queue.EnqueueModel(Guid.NewGuid());
        Assert.False(_queue.SentAsync().IsCompleted);
        _client.Gate.Set();
        await _queue.SentAsync();
        Assert.Single(_client.Sent);
    }

    [Fact]
    public async Task An_orderly_stop_sends_what_waits_in_its_order()
    {
        _client.Gate.Reset();
        var ids = Enumerable.Range(0, 50).Select(_ => Guid.NewGuid()).ToList();
        ids.ForEach(_queue.EnqueueDataset);
        var stop = ((IHostedService)_queue).StopAsync(Cancel);
        Assert.False(stop.IsCompleted);
        _client.Gate.Set();
        await stop;
        Assert.Equal(ids, _client.Sent);
    }

    [Fact]
    public async Task A_stop_waits_no_longer_than_the_host_lets_it()
    {
        _client.Gate.Reset();
        _queue.EnqueueModel(Guid.NewGuid());
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ((IHostedService)_queue).StopAsync(limit.Token));
        _client.Gate.Set();
    }

    [Fact]
    public async Task An_outage_lets_go_what_waits_and_stops_nothing_that_comes_after_it()
    {
        (_client.Gone, Guid after) = (true, Guid.NewGuid());
        _client.Gate.Reset();
        for (var i = 0; i < 20; i++) _queue.EnqueueModel(Guid.NewGuid());
        _client.Gate.Set();
        await _queue.SentAsync();
        Assert.Equal(1, _client.Tried);
        _client.Gone = false;
        _queue.EnqueueModel(after);
        await _queue.SentAsync();
        Assert.Equal([after], _client.Sent);
    }

    [Fact]
    public async Task Of_a_flood_of_stages_as_many_messages_are_sent_as_wake_all_who_are_idle_and_preparations_come_before_them()
    {
        _client.Gate.Reset();
        var (stages, model) = (Enumerable.Range(0, 500).Select(_ => Guid.NewGuid()).ToList(), Guid.NewGuid());
        foreach (var job in stages) _queue.Enqueue(new StageRow { JobId = job, Stage = Stage.TaskAdaptation });
        _queue.EnqueueModel(model);
        _client.Gate.Set();
        await _queue.SentAsync();
        Assert.InRange(_client.Sent.Count, 33, 34); // one may have been on its way when the others came
        Assert.InRange(_client.Sent.IndexOf(model), 0, 1);
        Assert.Equal(stages.Take(_client.Sent.Count - 1), _client.Sent.Where(id => id != model));
    }

    /// <summary>Takes messages while its gate is open, and fails as an unreachable database does while it is gone.</summary>
    private sealed class SlowClient : IBackgroundJobClient
    {
        public ManualResetEventSlim Gate { get; } = new(true);

        public bool Gone { get; set; }

        public int Tried { get; private set; }

        public List<Guid> Sent { get; } = [];

        public string Create(Job job, IState state)
        {
            Gate.Wait();
            Tried++;
            if (Gone) throw new Npgsql.NpgsqlException("gone", new System.Net.Sockets.SocketException(111));
            Sent.Add((Guid)job.Args[0]);
            return $"{Sent.Count}";
        }

        public bool ChangeState(string jobId, IState state, string expectedState) => throw new NotSupportedException();
    }
}
