using System.Security.Cryptography;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Worker;

/// <summary>Fetches the inputs of a stage and verifies that they have not changed since registration.</summary>
internal sealed class StageInputs(IDbContextFactory<JobsContext> contexts, IObjectStore objects, InputCache cache)
{
    /// <summary>The job, with its model and dataset.</summary>
    public async Task<JobRow> JobAsync(Guid id, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Jobs.AsNoTracking().Include(j => j.Model).Include(j => j.Dataset).SingleAsync(j => j.Id == id, cancel);
    }

    /// <exception cref="InputChangedException">A model or dataset read in place has changed.</exception>
    public async Task<RunInputs> FetchAsync(JobRow job, Stage stage, string folder, CancellationToken cancel)
    {
        var model = await ModelAsync(job.Model, Path.Combine(folder, "model"), cancel);
        var data = await DataAsync(job.Dataset, Path.Combine(folder, "data"), cancel);
        var inputs = new RunInputs(model, data, BaseModelOf(job.Model));
        if (stage == Stage.ImportanceEvaluation || job.Request.Sharing is null) return inputs;
        return inputs with
        {
            Importance = await ArtifactAsync(job.Id, RunFolder.ImportanceFile, folder, cancel),
            Stage1Adapter = job.Request.Sharing!.WarmStart
            ? await ArtifactAsync(job.Id, RunFolder.Stage1AdapterFile, folder, cancel)
            : null,
        };
    }

    /// <summary>Fetches the latest checkpoint's files into the run's folder, if there is one.</summary>
    public async Task<CheckpointRow?> FetchCheckpointAsync(Guid job, Stage stage, string run, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var newest = await db.Checkpoints.AsNoTracking().Where(c => c.JobId == job && c.Stage == stage).OrderByDescending(c => c.At)
            .FirstOrDefaultAsync(cancel);
        if (newest is not { Files.Count: > 0 }) return null;
        foreach (var file in newest.Files)
        {
            // Copied, not linked: the run appends to these files.
            var path = Path.Combine(run, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using (var from = await objects.OpenAsync(file.Key, cancel))
            await using (var to = File.Create(path))
                await from.CopyToAsync(to, cancel);
            await CheckAsync(path, file, cancel);
        }
        return newest;
    }

    /// <summary>Fetches an artifact of a job to a local file; null if it does not exist.</summary>
    public async Task<string?> ArtifactAsync(Guid job, string name, string folder, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        if (await db.Artifacts.AsNoTracking().SingleOrDefaultAsync(a => a.JobId == job && a.Name == name, cancel) is not { } artifact)
            return null;
        var path = Path.Combine(folder, name);
        await objects.FetchAsync(artifact.Key, path, cancel);
        await CheckAsync(path, new(name, artifact.Key, artifact.Bytes, artifact.Sha256), cancel);
        return path;
    }

    /// <summary>Fetches a job's adapter.</summary>
    /// <returns>Its folder.</returns>
    /// <exception cref="FileNotFoundException">The job has none, or it was deleted.</exception>
    public async Task<string> AdapterAsync(Guid job, string folder, CancellationToken cancel)
    {
        const string Prefix = $"{RunFolder.AdapterFolder}/";
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var files = await db.Artifacts.AsNoTracking().Where(a => a.JobId == job && a.Name.StartsWith(Prefix)).ToListAsync(cancel);
        if (files.Count == 0) throw new FileNotFoundException($"Job {job} has no adapter any more.");
        foreach (var file in files) await FetchAsync(new(file.Name, file.Key, file.Bytes, file.Sha256), folder, cancel);
        return Path.Combine(folder, RunFolder.AdapterFolder);
    }

    /// <summary>Fetches a model.</summary>
    /// <returns>Its folder; that where it lies, if it is read in place.</returns>
    /// <exception cref="InputChangedException">It is read in place and has changed.</exception>
    public async Task<string> ModelAsync(ModelRow model, string folder, CancellationToken cancel)
    {
        if (Source.Parse(model.Source, "model", []) is Source.LocalPath(var inPlace))
        {
            if (!Directory.Exists(inPlace) || ModelFolder.Digest(inPlace) != model.Facts!.Sha256)
                throw new InputChangedException(FailureCode.ModelChanged,
                    $"The model in {inPlace} has changed since it was inspected ({model.Facts!.Sha256[..12]}…). Register "
                    + "it again and submit the job again.");
            return inPlace;
        }
        foreach (var file in model.Files) await FetchAsync(file, folder, cancel);
        return folder;
    }

    /// <summary>Fetches a split of a dataset that is not deleted.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="InputChangedException">The dataset is deleted, or is read in place and has changed.</exception>
    public async Task<string> SplitAsync(Guid id, string split, string folder, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        var dataset = await db.Datasets.AsNoTracking().SingleOrDefaultAsync(d => d.Id == id && d.DeletedAt == null, cancel);
        return dataset is not null && (await PathsAsync(dataset, [split], folder, cancel)).TryGetValue(split, out var path) ? path
            : throw new InputChangedException(FailureCode.DatasetChanged, "The dataset was deleted after the evaluation was submitted.");
    }

    private async Task<DataFiles> DataAsync(DatasetRow dataset, string folder, CancellationToken cancel)
    {
        var paths = await PathsAsync(dataset, [SplitSummary.Train, SplitSummary.Validation, SplitSummary.Test], folder, cancel);
        return new(paths["train"], paths.GetValueOrDefault("validation"), paths.GetValueOrDefault("test"));
    }

    /// <summary>The files of splits that the dataset has.</summary>
    private async Task<Dictionary<string, string>> PathsAsync(DatasetRow dataset, string[] splits, string folder, CancellationToken cancel)
    {
        var paths = new Dictionary<string, string>();
        foreach (var (split, file) in dataset.Files.Select(file => (Path.GetFileNameWithoutExtension(file.Name), file)))
        {
            if (!splits.Contains(split)) continue;
            if (Source.Parse(dataset.Source, "dataset", []) is Source.LocalPath)
            {
                if (!File.Exists(file.Key) || await Sha256Async(file.Key, cancel) != file.Sha256)
                    throw new InputChangedException(FailureCode.DatasetChanged,
                        $"{file.Key} has changed since it was validated ({file.Sha256[..12]}…). Submit the job again.");
                paths[split] = file.Key;
            }
            else paths[split] = await FetchAsync(file, folder, cancel);
        }
        return paths;
    }

    private async Task<string> FetchAsync(StoredFile file, string folder, CancellationToken cancel)
    {
        var path = Path.Combine(folder, file.Name);
        await cache.FetchAsync(file, path, cancel);
        return path;
    }

    private static async Task CheckAsync(string path, StoredFile file, CancellationToken cancel)
    {
        if (await Sha256Async(path, cancel) != file.Sha256) throw new DamagedObjectException(file);
    }

    internal static async Task<string> Sha256Async(string path, CancellationToken cancel)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel));
    }

    /// <summary>The base model's name in the adapter's files, by which Python loads it.</summary>
    private static string BaseModelOf(ModelRow model) => Source.Parse(model.Source, "model", []) switch
    {
        Source.Hub hub => hub.Repository,
        Source.LocalPath(var path) => path,
        _ => model.Source,
    };
}

/// <summary>A stored object is damaged.</summary>
internal sealed class DamagedObjectException(StoredFile file)
    : IOException($"The stored file {file.Name} is damaged: its SHA-256 is no longer {file.Sha256}.");

/// <summary>A model or dataset has changed since it was registered.</summary>
internal sealed class InputChangedException(string code, string message) : Exception(message)
{
    public string Code => code;
}
