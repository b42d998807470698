using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>The outcome of preparing a model or dataset: its summary and files, or the failure.</summary>
internal sealed record Prepared<T>(T? Facts, Failure? Failure, IReadOnlyList<StoredFile> Files, string? Commit = null) where T : class
{
    public Prepared(Failure failure) : this(null, failure, []) { }

    public InputStatus Status => Facts is null ? InputStatus.Failed : InputStatus.Ready;
}

/// <summary>Runs a preparation: takes a lease, provides a work folder, records the outcome, and starts waiting jobs.</summary>
internal sealed class Preparing(IDbContextFactory<JobsContext> contexts, PreparationLeases leases, Outages outages, WorkFolders folders,
    IObjectStore objects, IServiceScopeFactory scopes,
    WorkerIdentity worker, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<Preparing> log)
{
    /// <summary>Number of models and datasets to prepare concurrently.</summary>
    public const int Most = 2;

    private int _running;

    public bool HasRoom => Volatile.Read(ref _running) < Most;

    /// <summary>The first one not being prepared; null if there is none.</summary>
    public Task<Guid?> NextAsync<T>(CancellationToken cancel) where T : InputRow => leases.NextAsync<T>(cancel);

    /// <param name="what">model or dataset.</param>
    /// <param name="id">Its row.</param>
    /// <param name="prepare">Prepares the input in the given folder.</param>
    /// <param name="save">Updates the given rows; there is none if the lease is lost.</param>
    public async Task RunAsync<TRow, TFacts>(string what, Guid id, Func<TRow, string, CancellationToken, Task<Prepared<TFacts>>> prepare,
        Func<IQueryable<TRow>, Prepared<TFacts>, CancellationToken, Task> save)
        where TRow : InputRow where TFacts : class
    {
        var stopping = lifetime.ApplicationStopping;
        using var scope = log.BeginScope(new Dictionary<string, object> { ["Input"] = what, ["InputId"] = id });
        Interlocked.Increment(ref _running);
        try
        {
            if (await outages.WaitOutAsync(() => leases.TakeAsync<TRow>(id, worker.Id, stopping), stopping) is not { } lease) return;
            using var span = Tracing.Begin($"prepare {what}", ActivityKind.Consumer, lease.Row.TraceParent);
            span.SetTag($"loradrop.{what}.id", id).SetTag("loradrop.attempt", lease.Row.Attempt).SetTag("loradrop.worker", worker.Id);
            using var lost = new CancellationTokenSource();
            using var over = new CancellationTokenSource();
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, lost.Token);
            var keeping = LeaseRenewal.KeepAsync(lease.Length / LeaseOptions.Renewals, () => lease.RenewAsync(over.Token), outages, clock,
                lost, over.Token);
            try
            {
                await PrepareAsync(what, lease, prepare, save, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                if (!lost.IsCancellationRequested) await HandBackAsync(lease);
            }
            finally
            {
                await over.CancelAsync();
                await keeping;
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing was started.
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    /// <summary>Records the progress of a fetch in the row.</summary>
    public IProgress<HubProgress> Progress<T>(Guid id) where T : InputRow => new FetchProgress(clock, async done =>
    {
        await using var db = await contexts.CreateDbContextAsync();
        await db.Set<T>().Where(row => row.Id == id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Fetched, done.BytesDone)
            .SetProperty(row => row.FetchTotal, done.BytesTotal).SetProperty(row => row.Version, row => row.Version + 1));
    });

    /// <summary>Stores fetched files under keys of the row and attempt.</summary>
    public async Task<List<StoredFile>> StoreAsync(InputRow row, string folder, string prefix, IEnumerable<string> names,
        CancellationToken cancel)
    {
        var stored = new List<StoredFile>();
        foreach (var name in names)
        {
            var written = await outages.WaitOutAsync(() =>
                objects.PutFileAsync($"{prefix}/{row.Id:D}/{row.Attempt}/{name}", Path.Combine(folder, name), cancel), cancel);
            stored.Add(new(name, written.Key, written.Bytes, written.Sha256));
        }
        return stored;
    }

    private async Task PrepareAsync<TRow, TFacts>(string what, PreparationLease<TRow> lease,
        Func<TRow, string, CancellationToken, Task<Prepared<TFacts>>> prepare,
        Func<IQueryable<TRow>, Prepared<TFacts>, CancellationToken, Task> save, CancellationToken cancel) where TRow : InputRow
        where TFacts : class
    {
        var id = lease.Row.Id;
        var folder = Path.Combine(folders.Work, $"{what}-{id:N}-{lease.Row.Attempt}");
        Directory.CreateDirectory(folder);
        try
        {
            var prepared = await OutcomeAsync(what, id, () => prepare(lease.Row, folder, cancel), cancel);
            await outages.WaitOutAsync(async () =>
            {
                await using var db = await contexts.CreateDbContextAsync(cancel);
                await save(lease.In(db), prepared, cancel);
            }, cancel);
            if (prepared.Failure is { } failure)
            {
                Activity.Current.Fail(failure.Code, failure.Message);
                log.NotPrepared(what, id, failure.Code, failure.Message);
            }
            else log.Prepared(what, id);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        await outages.WaitOutAsync(async () =>
        {
            await using var services = scopes.CreateAsyncScope();
            await services.ServiceProvider.GetRequiredService<JobLife>().InputPreparedAsync(id, cancel);
        }, cancel);
    }

    private async Task HandBackAsync<T>(PreparationLease<T> lease) where T : InputRow
    {
        try
        {
            await lease.HandBackAsync(CancellationToken.None);
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            log.NotHandedBack(); // the lease expires
        }
    }

    private async Task<Prepared<T>> OutcomeAsync<T>(string what, Guid id, Func<Task<Prepared<T>>> prepare, CancellationToken cancel)
        where T : class
    {
        try
        {
            return await prepare();
        }
        catch (RefusedInputException refused)
        {
            return new(Failure.Refused(refused.Faults));
        }
        catch (HubUnreachableException unreachable)
        {
            return new(new Failure(FailureCode.HubUnreachable, unreachable.Message));
        }
        catch (IOException failed)
        {
            return new(new Failure(FailureCode.Storage, DiskFull.Says(failed)
                ? "The service's disk is full. Free some space and try again."
                : failed.Message));
        }
        catch (Exception broken) when (!cancel.IsCancellationRequested)
        {
            log.PreparationBroke(broken, what, id);
            return new(new Failure(FailureCode.Defect, $"Internal error; see the service's log: {broken.Message}"));
        }
    }
}
