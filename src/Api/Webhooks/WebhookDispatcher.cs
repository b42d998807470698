using System.Collections.Concurrent;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>Sends what webhooks are to be told: makes deliveries of events, takes those that are due, and sends so many at a time.</summary>
/// <remarks>
/// Every Api has one; what one has taken, no other takes. A receiver that hangs holds up its own deliveries only: it has a quarter of the places at most, and
/// what else is due goes by it.
/// </remarks>
internal sealed class WebhookDispatcher(WebhookOutbox outbox, Deliveries deliveries, WebhookSender sender, WebhookOptions options, Outages outages, TimeProvider clock, ILogger<WebhookDispatcher> log) : BackgroundService
{
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, (Guid Webhook, Task Sending)> _onTheWay = [];
    private readonly ConcurrentDictionary<Guid, int> _tests = [];
    private readonly CancellationTokenSource _breakOff = new();
    private readonly SemaphoreSlim _ended = new(0, 1);

    /// <summary>One look at the rows: what is due is on its way then, as far as there are places.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        await outbox.TellAsync(cancel);
        while (_onTheWay.Count < options.MostAtOnce)
        {
            var (began, due) = (0, await deliveries.DueAsync(Busy(), options.MostAtOnce - _onTheWay.Count, cancel));
            foreach (var (id, webhook) in due)
            {
                if (To(webhook) >= options.MostAtOneReceiver || await deliveries.TakeAsync(id, cancel) is not { } taken) continue;
                Begin(taken);
                began++;
            }
            if (began == 0) return; // what is due waits for a place, or others have it
        }
    }

    /// <summary>Ends when nothing is on its way any more.</summary>
    public Task SentAsync()
    {
        lock (_ended) return Task.WhenAll(_onTheWay.Values.Select(attempt => attempt.Sending).ToList());
    }

    /// <summary>Sends a test now.</summary>
    /// <returns>The delivery with how it went.</returns>
    public async Task<Answer<TestedDelivery>> TestAsync(WebhookRow webhook, CancellationToken cancel)
    {
        if (_tests.AddOrUpdate(webhook.Id, 1, (_, n) => n + 1) > options.MostAtOneReceiver)
        {
            EndTest(webhook.Id);
            return new Refusal.TooMany("too_many_requests", "So many tests of this webhook are on their way already. Wait until one has ended.", (int)Math.Ceiling(options.Timeout.TotalSeconds));
        }
        try
        {
            var taken = await deliveries.TestAsync(webhook, cancel);
            var outcome = await sender.SendAsync(taken, _breakOff.Token); // whoever asked may go away: how it went is written down all the same
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
                await LookAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failed) // whatever it is, the next look may do better, and jobs must not end with it
            {
                Tell(failed);
                wait = AfterTrouble;
            }
            await _ended.WaitAsync(wait, stoppingToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        await Task.WhenAny(SentAsync(), Task.Delay(options.StopGrace, clock, CancellationToken.None));
        await _breakOff.CancelAsync();
        await SentAsync();
    }

    public override void Dispose()
    {
        base.Dispose();
        _breakOff.Dispose();
        _ended.Dispose();
    }

    private List<Guid> Busy() => [.. _onTheWay.Values.GroupBy(attempt => attempt.Webhook).Where(one => one.Count() >= options.MostAtOneReceiver).Select(one => one.Key)];

    private int To(Guid webhook) => _onTheWay.Values.Count(attempt => attempt.Webhook == webhook);

    private void Begin(TakenDelivery taken)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _onTheWay[taken.Id] = (taken.Webhook.Id, SendAsync(taken, start.Task));
        start.SetResult(); // not before it is written down
    }

    private async Task SendAsync(TakenDelivery taken, Task start)
    {
        await start;
        try
        {
            await AttemptAsync(taken);
        }
        catch (Exception failed) // nobody awaits this but a stop; the lease ends by itself, and it is sent again
        {
            Tell(failed);
        }
        finally
        {
            lock (_ended)
            {
                _onTheWay.TryRemove(taken.Id, out _);
                if (_ended.CurrentCount == 0) _ended.Release(); // there is a place for another
            }
        }
    }

    private async Task AttemptAsync(TakenDelivery taken)
    {
        AttemptOutcome outcome;
        try
        {
            outcome = await sender.SendAsync(taken, _breakOff.Token);
        }
        catch (OperationCanceledException) when (_breakOff.IsCancellationRequested)
        {
            await deliveries.HandBackAsync(taken, CancellationToken.None);
            return;
        }
        try
        {
            await outages.WaitOutAsync(() => deliveries.SettleAsync(taken, outcome, _breakOff.Token), _breakOff.Token);
        }
        catch (OperationCanceledException) when (_breakOff.IsCancellationRequested)
        {
            return; // the database is gone and this process, too: the lease ends, and it is sent again
        }
        ApiLog.Delivered(log, taken.Id, taken.Webhook.Id, taken.Attempt, outcome.Status, outcome.Error ?? "delivered");
    }

    private void Tell(Exception failed)
    {
        if (Outages.Of(failed) is null) ApiLog.WebhooksDefect(log, failed);
        else ApiLog.WebhooksWait(log, failed.GetBaseException().Message);
    }

    private void EndTest(Guid webhook)
    {
        if (_tests.AddOrUpdate(webhook, 0, (_, n) => n - 1) == 0) _tests.TryRemove(KeyValuePair.Create(webhook, 0));
    }
}

/// <summary>A test that was sent.</summary>
internal sealed record TestedDelivery(Guid Id, AttemptOutcome Outcome);
