using System.Collections.Concurrent;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>Sends webhook deliveries: creates deliveries for events, claims those that are due, and sends a limited number
/// concurrently.</summary>
/// <remarks>
/// Every Api process runs one; a claimed delivery is not claimed by others. A hanging receiver only delays its own deliveries: it uses at
/// most a quarter of the slots, and other deliveries pass it.
/// </remarks>
internal sealed class WebhookDispatcher(WebhookOutbox outbox, Deliveries deliveries, WebhookSender sender, WebhookOptions options,
    Outages outages, TimeProvider clock, ILogger<WebhookDispatcher> log) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, (Guid Webhook, Task Sending)> _inFlight = [];
    private readonly ConcurrentDictionary<Guid, int> _tests = [];
    private readonly CancellationTokenSource _abort = new();
    private readonly SemaphoreSlim _ended = new(0, 1);

    /// <summary>Polls the database once and starts all due deliveries for which there are free slots.</summary>
    public async Task PollAsync(CancellationToken cancel)
    {
        await outbox.CreateDeliveriesAsync(cancel);
        while (_inFlight.Count < options.MostAtOnce)
        {
            var (began, due) = (0, await deliveries.DueAsync(Busy(), options.MostAtOnce - _inFlight.Count, cancel));
            foreach (var (id, webhook) in due)
            {
                if (CountFor(webhook) >= options.MostAtOneReceiver || await deliveries.TakeAsync(id, cancel) is not { } taken) continue;
                Begin(taken);
                began++;
            }
            if (began == 0) return; // due deliveries wait for a slot or are claimed by other processes
        }
    }

    /// <summary>Completes when no delivery is in flight.</summary>
    public Task WhenIdleAsync()
    {
        lock (_ended) return Task.WhenAll(_inFlight.Values.Select(attempt => attempt.Sending).ToList());
    }

    /// <summary>Sends a test delivery immediately.</summary>
    /// <returns>The delivery and its outcome.</returns>
    public async Task<Answer<TestedDelivery>> TestAsync(WebhookRow webhook, CancellationToken cancel)
    {
        if (_tests.AddOrUpdate(webhook.Id, 1, (_, n) => n + 1) > options.MostAtOneReceiver)
        {
            EndTest(webhook.Id);
            return new Refusal.TooMany("too_many_requests", "Too many tests of this webhook are in progress. Wait for one to finish.",
                (int)Math.Ceiling(options.Timeout.TotalSeconds));
        }
        try
        {
            var taken = await deliveries.TestAsync(webhook, cancel);
            var outcome = await sender.SendAsync(taken, _abort.Token); // the outcome is recorded even if the client disconnects
            await deliveries.SettleAsync(taken, outcome, CancellationToken.None);
            return new TestedDelivery(taken.Id, outcome);
        }
        finally
        {
            EndTest(webhook.Id);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = options.LookEvery;
            try
            {
                await PollAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failed) // whatever it is, keep polling: it must not stop the host
            {
                LogFailure(failed);
                wait = RetryDelay;
            }
            await _ended.WaitAsync(wait, stoppingToken)
                .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        await Task.WhenAny(WhenIdleAsync(), Task.Delay(options.StopGrace, clock, CancellationToken.None));
        await _abort.CancelAsync();
        await WhenIdleAsync();
    }

    public override void Dispose()
    {
        base.Dispose();
        _abort.Dispose();
        _ended.Dispose();
    }

    private List<Guid> Busy() =>
        [.. _inFlight.Values.GroupBy(attempt => attempt.Webhook).Where(one => one.Count() >= options.MostAtOneReceiver)
            .Select(one => one.Key)];

    private int CountFor(Guid webhook) => _inFlight.Values.Count(attempt => attempt.Webhook == webhook);

    private void Begin(TakenDelivery taken)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _inFlight[taken.Id] = (taken.Webhook.Id, SendAsync(taken, start.Task));
        start.SetResult(); // not before it is registered
    }

    private async Task SendAsync(TakenDelivery taken, Task start)
    {
        await start;
        try
        {
            await AttemptAsync(taken);
        }
        catch (Exception failed) // only a stop awaits this; the lease expires and the delivery is sent again
        {
            LogFailure(failed);
        }
        finally
        {
            lock (_ended)
            {
                _inFlight.TryRemove(taken.Id, out _);
                if (_ended.CurrentCount == 0) _ended.Release(); // a slot is free
            }
        }
    }

    private async Task AttemptAsync(TakenDelivery taken)
    {
        AttemptOutcome outcome;
        try
        {
            outcome = await sender.SendAsync(taken, _abort.Token);
        }
        catch (OperationCanceledException) when (_abort.IsCancellationRequested)
        {
            await deliveries.HandBackAsync(taken, CancellationToken.None);
            return;
        }
        try
        {
            await outages.WaitOutAsync(() => deliveries.SettleAsync(taken, outcome, _abort.Token), _abort.Token);
        }
        catch (OperationCanceledException) when (_abort.IsCancellationRequested)
        {
            return; // the database is down and this process is stopping: the lease expires and the delivery is sent again
        }
        ApiLog.Delivered(log, taken.Id, taken.Webhook.Id, taken.Attempt, outcome.Status, outcome.Error ?? "delivered");
    }

    private void LogFailure(Exception failed)
    {
        if (Outages.Of(failed) is null) ApiLog.WebhooksDefect(log, failed);
        else ApiLog.WebhooksWait(log, failed.GetBaseException().Message);
    }

    private void EndTest(Guid webhook)
    {
        if (_tests.AddOrUpdate(webhook, 0, (_, n) => n - 1) == 0) _tests.TryRemove(KeyValuePair.Create(webhook, 0));
    }
}

/// <summary>A test delivery and its outcome.</summary>
internal sealed record TestedDelivery(Guid Id, AttemptOutcome Outcome);
