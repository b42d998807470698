using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Resolves the model and the dataset that a request names: registered ones, or sources, which are then prepared.</summary>
public sealed class Inputs(JobsContext db, Caller caller, TimeProvider clock, SourceOptions options)
{
    /// <summary>How long a fetched hub branch is assumed not to have moved.</summary>
    private static readonly TimeSpan HubStands = TimeSpan.FromHours(1);

    /// <summary>How long a bucket's folder is assumed unchanged after a fetch: long enough for the jobs of one script to share it, short
    /// enough that new data is picked up soon.</summary>
    private static readonly TimeSpan BucketStands = TimeSpan.FromMinutes(5);

    /// <summary>Resolves a model by name or source; a new, unsaved row for a new source. Null with a fault.</summary>
    public async Task<ModelRow?> ModelAsync(string written, List<Fault> faults, CancellationToken cancel)
    {
        switch (Source.Parse(written, "model", faults))
        {
            case null: return null;
            case Source.Registered(var name):
                var registered = await db.Models.SeenBy(caller, db).Named(name, caller).FirstOrDefaultAsync(m => m.Name == name, cancel);
                if (registered is null)
                    faults.Add(await NotRegisteredAsync("model", name, db.Models.SeenBy(caller, db).Select(m => m.Name), cancel));
                return registered;
            case Source.Files:
                faults.Add(
                    new("model", "is a file that somebody sent, and those are for datasets; name a registered model, or its source"));
                return null;
            case var source:
                var fingerprint = FingerprintOf(source, "model", "model", faults);
                if (faults.Any(f => f.Path == "model")) return null;
                var (text, since) = (source.ToString()!, Since(source));
                var known = await db.Models.Where(m => m.Name == null && m.DeletedAt == null && m.Source == text
                    && m.Fingerprint == fingerprint && m.Status != InputStatus.Failed && m.CreatedAt >= since)
                    .OrderByDescending(m => m.CreatedAt).FirstOrDefaultAsync(cancel);
                // jobs that are submitted together share what none of them has brought yet
                return known ?? db.Models.Local.FirstOrDefault(m => m.Name == null && m.Source == text && m.Fingerprint == fingerprint
                    && db.Entry(m).State == EntityState.Added) ?? New(name: null, source, fingerprint);
        }
    }

    /// <summary>Resolves a dataset by name or source; a new, unsaved row for a new source. Null with a fault.</summary>
    public async Task<DatasetRow?> DatasetAsync(string written, string? preset, List<Fault> faults, CancellationToken cancel)
    {
        switch (Source.Parse(written, "dataset", faults))
        {
            case null: return null;
            case Source.Registered(var name):
                var registered = await db.Datasets.SeenBy(caller, db).Named(name, caller).FirstOrDefaultAsync(d => d.Name == name, cancel);
                if (registered is null)
                    faults.Add(await NotRegisteredAsync("dataset", name, db.Datasets.SeenBy(caller, db).Select(d => d.Name), cancel));
                return registered;
            case Source.Files files:
                return await DatasetOfFilesAsync(files, faults, cancel);
            case var source:
                var fingerprint = FingerprintOf(source, "dataset", "dataset", faults);
                if (faults.Any(f => f.Path == "dataset")) return null;
                if (source is not Source.Hub { Config: null }) preset = null; // only a hub's repository has parts
                var (text, since) = (source.ToString()!, Since(source));
                var known = await db.Datasets.Where(d => d.Name == null && d.DeletedAt == null && d.Source == text && d.Preset == preset
                    && d.Fingerprint == fingerprint && d.Status != InputStatus.Failed && d.CreatedAt >= since)
                    .OrderByDescending(d => d.CreatedAt).FirstOrDefaultAsync(cancel);
                return known ?? db.Datasets.Local.FirstOrDefault(d => d.Name == null && d.Source == text && d.Preset == preset
                    && d.Fingerprint == fingerprint && db.Entry(d).State == EntityState.Added)
                    ?? NewDataset(name: null, source, preset, fingerprint);
        }
    }

    /// <summary>Faults of an adapter to continue from, as far as they show before it is fetched.</summary>
    public async Task<IReadOnlyList<Fault>> AdapterFaultsAsync(string written, ModelRow? model, CancellationToken cancel)
    {
        const string Path = "initialAdapter";
        if (Guid.TryParse(written, out var id))
        {
            var other = await db.Jobs.AsNoTracking().SeenBy(caller).Where(j => j.Id == id && j.DeletedAt == null)
                .Select(j => new { j.Status, j.Method, j.Model.Facts, j.Model.Source }).SingleOrDefaultAsync(cancel);
            if (other is null) return [new(Path, $"there is no job {id}")];
            if (other.Status != JobStatus.Succeeded)
                return [new(Path, $"job {id} has no adapter: it is {JsonText.NameOf(other.Status)}")];
            if (!other.Method.HasPeftFormat) return [new(Path, $"job {id} is of the method {other.Method}, for which PEFT has no format")];
            return model?.Facts is { } facts && facts.Sha256 != other.Facts?.Sha256
                ? [new(Path, $"job {id} was trained on another model, {other.Source}")]
                : [];
        }
        var faults = new List<Fault>();
        switch (Source.Parse(written, Path, faults))
        {
            case Source.Registered or Source.Files:
                faults.Add(new(Path, "must be the id of a finished job, hf:<org>/<name> for the Hugging Face Hub, s3://<bucket>/<folder>, "
                    + $"or file:/<absolute path>; got \"{written}\""));
                break;
            case Source.Hub { Config: not null }:
                faults.Add(new(Path, "an adapter has no configs; remove what follows #"));
                break;
            case { } source:
                FingerprintOf(source, Path, "adapter", faults);
                break;
        }
        return faults;
    }

    /// <summary>Resolves the dataset of individually uploaded files: their content is read from the object store, never copied.</summary>
    private async Task<DatasetRow?> DatasetOfFilesAsync(Source.Files source, List<Fault> faults, CancellationToken cancel)
    {
        var files = await db.Files.AsNoTracking().SeenBy(caller).Where(f => f.Id == source.Train || f.Id == source.Validation)
            .ToDictionaryAsync(f => f.Id, cancel);
        foreach (var id in new[] { source.Train, source.Validation }.OfType<Guid>().Where(id => !files.ContainsKey(id)))
            faults.Add(new("dataset", $"there is no file {id}"));
        if (faults.Any(f => f.Path == "dataset")) return null;
        var text = source.ToString();
        var known = await db.Datasets.Where(d => d.Name == null && d.DeletedAt == null && d.Source == text
            && d.Status != InputStatus.Failed).OrderByDescending(d => d.CreatedAt).FirstOrDefaultAsync(cancel);
        if (known is not null) return known;
        static StoredFile Split(string name, FileRow file) => new($"{name}{file.Format}", file.Key, file.Bytes, file.Sha256);
        var row = new DatasetRow
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()), Source = text, CreatedAt = clock.GetUtcNow(), TrainFileId = source.Train,
            ValidationFileId = source.Validation,
            Files = [Split(SplitSummary.Train, files[source.Train]), .. source.Validation is { } validation
            ? [Split(SplitSummary.Validation, files[validation])]
            : (StoredFile[])[]],
        };
        db.Add(row);
        return row;
    }

    /// <summary>Creates a model to register under a name: a new, unsaved row.</summary>
    /// <param name="name">The name.</param>
    /// <param name="written">The source.</param>
    /// <param name="owner">The owner.</param>
    public Answer<ModelRow> NewModel(string name, string written, string owner)
    {
        var faults = new List<Fault>();
        var (source, fingerprint) = SourceToRegister(name, written, "model", faults);
        return faults.Count > 0 ? new Refusal.Invalid(faults) : New(name, source!, fingerprint, owner);
    }

    /// <summary>Creates a dataset to register under a name: a new, unsaved row.</summary>
    /// <param name="name">The name.</param>
    /// <param name="written">The source.</param>
    /// <param name="owner">The owner.</param>
    public Answer<DatasetRow> NewDataset(string name, string written, string owner)
    {
        var faults = new List<Fault>();
        var (source, fingerprint) = SourceToRegister(name, written, "dataset", faults);
        if (faults.Count > 0) return new Refusal.Invalid(faults);
        return NewDataset(name, source!, preset: null, fingerprint, owner);
    }

    private (Source? Source, string? Fingerprint) SourceToRegister(string name, string written, string what, List<Fault> faults)
    {
        const string Path = "source";
        if (Source.NameFault(name, "name") is { } wrong) faults.Add(wrong);
        var source = Source.Parse(written, Path, faults);
        if (source is Source.Registered or Source.Files)
            faults.Add(
                new(Path, $"must say where the {what} is: hf:<repository>[@revision], file:/path/of/its/folder or s3://bucket/folder"));
        return (source, source is null ? null : FingerprintOf(source, Path, what, faults));
    }

    private ModelRow New(string? name, Source source, string? fingerprint, string owner = Caller.Nobody)
    {
        var row = new ModelRow { Id = Guid.CreateVersion7(clock.GetUtcNow()), Name = name, Owner = owner, Source = source.ToString()!,
            Fingerprint = fingerprint, CreatedAt = clock.GetUtcNow(), TraceParent = Tracing.Here };
        db.Add(row);
        return row;
    }

    private DatasetRow NewDataset(string? name, Source source, string? preset, string? fingerprint, string owner = Caller.Nobody)
    {
        var row = new DatasetRow { Id = Guid.CreateVersion7(clock.GetUtcNow()), Name = name, Owner = owner, Source = source.ToString()!,
            Preset = preset, Fingerprint = fingerprint, CreatedAt = clock.GetUtcNow(), TraceParent = Tracing.Here };
        db.Add(row);
        return row;
    }

    /// <summary>Branches move and buckets change, so they are fetched again after a while; commits and local folders are identified by
    /// their content.</summary>
    private DateTimeOffset Since(Source source) => source switch
    {
        Source.Hub { Revision: not { Length: 40 } } => clock.GetUtcNow() - HubStands,
        Source.S3 => clock.GetUtcNow() - BucketStands,
        _ => DateTimeOffset.UnixEpoch,
    };

    private string? FingerprintOf(Source source, string path, string what, List<Fault> faults)
    {
        if (source is Source.S3 s3 && options.Refusal(s3) is { } refused) faults.Add(new(path, refused));
        if (source is not Source.LocalPath(var place)) return null;
        var instead = what == "adapter" ? "name a job, or an adapter on the hub" : "upload a dataset, or name a model on the hub";
        if (!options.Allows(place)) faults.Add(new(path, options.Folders.Count > 0
            ? $"is in no folder that this service may read (its setting Sources:Folders names them); {instead}"
            : $"file: is only for a service that nobody else can reach; {instead}"));
        else if (Directory.Exists(place)) return Fingerprint(new DirectoryInfo(place).EnumerateFiles());
        else if (what == "dataset" && File.Exists(place)) return Fingerprint([new FileInfo(place)]);
        else
            faults.Add(new(path, $"there is no {(what == "dataset" ? "file or folder" : "folder")} {place} on the machine of the service"));
        return null;
    }

    /// <summary>Cheap, for finding a row again; the files' content is hashed during preparation and before use.</summary>
    private static string Fingerprint(IEnumerable<FileInfo> files) =>
        string.Join('\n', files.OrderBy(f => f.Name, StringComparer.Ordinal)
            .Select(f => $"{f.Name} {f.Length} {f.LastWriteTimeUtc.Ticks}"));

    private static async Task<Fault> NotRegisteredAsync(string what, string name, IQueryable<string?> names, CancellationToken cancel)
    {
        var known = await names.Where(n => n != null).OrderBy(n => n).Take(20).ToListAsync(cancel);
        var instead = what == "model"
            ? "Register it with POST /models, or name its source: hf:<repository> or file:/path"
            : "Upload it with POST /datasets, or name its source: hf:<repository> or file:/path";
        return new(what,
            $"there is no registered {what} \"{name}\"{(known.Count > 0 ? $"; there is {string.Join(", ", known)}" : "")}. {instead}");
    }
}
