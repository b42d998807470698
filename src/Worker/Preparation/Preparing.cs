using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>What came of preparing a model or a dataset: its facts and files, or why it cannot be used.</summary>
internal sealed record Prepared<T>(T? Facts, Failure? Failure, IReadOnlyList<StoredFile> Files, string? Commit = null) where T : class
{
    public Prepared(Failure failure) : this(null, failure, []) { }

    public InputStatus Status => Facts is null ? InputStatus.Failed : InputStatus.Ready;
}

/// <summary>The frame of a preparation: a folder to work in, a reason for every way to fail, and the jobs that waited.</summary>
internal sealed class Preparing(IDbContextFactory<JobsContext> contexts, WorkFolders folders, IObjectStore objects, IServiceScopeFactory scopes, TimeProvider clock, ILogger<Preparing> log)
{
    /// <param name="what">model or dataset.</param>
    /// <param name="id">Its row.</param>
    /// <param name="prepare">Does it, in the folder that it is given.</param>
    /// <param name="save">Writes the row.</param>
    /// <param name="cancel">The service stops: the row stays as it is, and the next start prepares it.</param>
    public async Task RunAsync<T>(string what, Guid id, Func<string, Task<Prepared<T>>> prepare, Func<Prepared<T>, Task> save, CancellationToken cancel) where T : class
    {
        using var scope = log.BeginScope(new Dictionary<string, object> { ["Input"] = what, ["InputId"] = id });
        var folder = Path.Combine(folders.Work, $"{what}-{id:N}");
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        try
        {
            var prepared = await OutcomeAsync(what, id, () => prepare(folder), cancel);
            await SavedAsync(() => save(prepared), cancel);
            if (prepared.Failure is { } failure) log.NotPrepared(what, id, failure.Code, failure.Message);
            else log.Prepared(what, id);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        await SavedAsync(async () =>
        {
            await using var services = scopes.CreateAsyncScope();
            await services.ServiceProvider.GetRequiredService<JobLife>().InputPreparedAsync(id, cancel);
        }, cancel);
    }

    private Task<bool> SavedAsync(Func<Task> write, CancellationToken cancel) => DiskFull.WaitOutAsync(async () =>
    {
        await write();
        return true;
    }, log.CannotWrite, clock, cancel);

    /// <summary>Writes into the row how much is fetched.</summary>
    public IProgress<HubProgress> Progress<T>(Guid id) where T : InputRow => new FetchProgress(clock, async done =>
    {
        await using var db = await contexts.CreateDbContextAsync();
        await db.Set<T>().Where(row => row.Id == id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Fetched, done.BytesDone).SetProperty(row => row.FetchTotal, done.BytesTotal).SetProperty(row => row.Version, row => row.Version + 1));
    });

    /// <summary>Stores fetched files under keys of the row.</summary>
    public async Task<List<StoredFile>> StoreAsync(string folder, string prefix, IEnumerable<string> names, CancellationToken cancel)
    {
        var stored = new List<StoredFile>();
        foreach (var name in names)
        {
            var written = await objects.PutFileAsync($"{prefix}/{name}", Path.Combine(folder, name), cancel);
            stored.Add(new(name, written.Key, written.Bytes, written.Sha256));
        }
        return stored;
    }

    private async Task<Prepared<T>> OutcomeAsync<T>(string what, Guid id, Func<Task<Prepared<T>>> prepare, CancellationToken cancel) where T : class
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
            return new(new Failure(FailureCode.Storage, DiskFull.Says(failed) ? "The disk of the service is full. Free some space and try again." : failed.Message));
        }
        catch (Exception broken) when (!cancel.IsCancellationRequested)
        {
            log.PreparationBroke(broken, what, id);
            return new(new Failure(FailureCode.Defect, $"An error of the service, which its log shows: {broken.Message}"));
        }
    }
}
