namespace LoraDrop.Storage;

/// <summary>The caller of a request. Owners see their own resources, admins all.</summary>
/// <param name="Owner">The owner of everything the caller creates; <see cref="Nobody"/> on a service that serves only its own
/// machine.</param>
/// <param name="Role">The caller's role.</param>
/// <param name="Name">The caller's name for the audit log: a key's prefix, a person's name.</param>
/// <param name="Key">The API key used; null if none.</param>
/// <param name="RequestsPerMinute">The key's own limit.</param>
/// <param name="ActiveJobs">The key's own limit of waiting, running and paused jobs of its owner.</param>
public sealed record Caller(string Owner, Role Role, string Name, Guid? Key, int? RequestsPerMinute = null, int? ActiveJobs = null)
{
    /// <summary>The owner where callers are not distinguished. Its models and datasets are shared by everyone; its jobs are visible to
    /// admins only.</summary>
    public const string Nobody = "";

    /// <summary>The owner for read-only keys that see everyone's resources.</summary>
    public const string Everybody = "*";

    /// <summary>The service itself, its command line, and every caller of a service that serves only its own machine.</summary>
    public static readonly Caller Machine = new(Nobody, Role.Admin, "this machine", null);

    /// <summary>The caller that uses this key.</summary>
    public static Caller Of(ApiKeyRow key) => new(key.Owner, key.Role, key.Prefix, key.Id, key.RequestsPerMinute, key.ActiveJobs);

    public bool SeesAll => Role == Role.Admin || Owner == Everybody;

    /// <summary>Whether the caller sees that owner's jobs.</summary>
    public bool Sees(string owner) => SeesAll || owner == Owner;
}

/// <summary>Filters rows by what a caller may see.</summary>
public static class Visible
{
    /// <summary>Jobs that are not deleted and visible to the caller.</summary>
    public static IQueryable<JobRow> SeenBy(this IQueryable<JobRow> jobs, Caller caller)
    {
        jobs = jobs.Where(j => j.DeletedAt == null);
        return caller.SeesAll ? jobs : jobs.Where(j => j.Owner == caller.Owner);
    }

    /// <summary>Experiments that are not deleted and visible to the caller.</summary>
    public static IQueryable<ExperimentRow> SeenBy(this IQueryable<ExperimentRow> experiments, Caller caller)
    {
        experiments = experiments.Where(e => e.DeletedAt == null);
        return caller.SeesAll ? experiments : experiments.Where(e => e.Owner == caller.Owner);
    }

    /// <summary>Files that are not deleted and visible to the caller.</summary>
    public static IQueryable<FileRow> SeenBy(this IQueryable<FileRow> files, Caller caller)
    {
        files = files.Where(f => f.DeletedAt == null);
        return caller.SeesAll ? files : files.Where(f => f.Owner == caller.Owner);
    }

    /// <summary>The caller's own models, those registered for everyone, and those that the caller's jobs used.</summary>
    public static IQueryable<ModelRow> SeenBy(this IQueryable<ModelRow> models, Caller caller, JobsContext db) => caller.SeesAll ? models
        : models.Where(m => m.Owner == caller.Owner || (m.Owner == Caller.Nobody && m.Name != null)
        || db.Jobs.Any(j => j.ModelId == m.Id && j.Owner == caller.Owner));

    /// <summary>The caller's own datasets, those registered for everyone, and those that the caller's jobs used.</summary>
    public static IQueryable<DatasetRow> SeenBy(this IQueryable<DatasetRow> datasets, Caller caller, JobsContext db) =>
        caller.SeesAll ? datasets
        : datasets.Where(d => d.Owner == caller.Owner || (d.Owner == Caller.Nobody && d.Name != null)
        || db.Jobs.Any(j => j.DatasetId == d.Id && j.Owner == caller.Owner));
}
