namespace LoraDrop.Storage;

/// <summary>Who asks: owners see their own, admins all.</summary>
/// <param name="Owner">To whom belongs what the caller makes; <see cref="Nobody"/> on a service that is open to its own machine.</param>
/// <param name="Role">What the caller may do.</param>
/// <param name="Name">Who it is, for the audit: a key's prefix, a person's name.</param>
/// <param name="Key">The key that was shown; null where there was none.</param>
/// <param name="RequestsPerMinute">The key's own limit.</param>
/// <param name="ActiveJobs">The key's own limit of jobs of its owner that wait, run or are paused.</param>
public sealed record Caller(string Owner, Role Role, string Name, Guid? Key, int? RequestsPerMinute = null, int? ActiveJobs = null)
{
    /// <summary>The owner of what was made where nobody is told from another. Models and datasets of nobody are everybody's; jobs of nobody
    /// are the admins'.</summary>
    public const string Nobody = "";

    /// <summary>An owner for keys that only read: they see what belongs to anybody.</summary>
    public const string Everybody = "*";

    /// <summary>The service itself, its command line, and whoever reaches one that is open to its own machine.</summary>
    public static readonly Caller Machine = new(Nobody, Role.Admin, "this machine", null);

    /// <summary>Whoever shows this key.</summary>
    public static Caller Of(ApiKeyRow key) => new(key.Owner, key.Role, key.Prefix, key.Id, key.RequestsPerMinute, key.ActiveJobs);

    public bool SeesAll => Role == Role.Admin || Owner == Everybody;

    /// <summary>Whether a job of that owner is shown to the caller.</summary>
    public bool Sees(string owner) => SeesAll || owner == Owner;
}

/// <summary>Narrows rows to those that a caller sees.</summary>
public static class Visible
{
    /// <summary>Jobs that were not deleted, and are the caller's to see.</summary>
    public static IQueryable<JobRow> SeenBy(this IQueryable<JobRow> jobs, Caller caller)
    {
        jobs = jobs.Where(j => j.DeletedAt == null);
        return caller.SeesAll ? jobs : jobs.Where(j => j.Owner == caller.Owner);
    }

    /// <summary>Files that were not deleted, and are the caller's to see.</summary>
    public static IQueryable<FileRow> SeenBy(this IQueryable<FileRow> files, Caller caller)
    {
        files = files.Where(f => f.DeletedAt == null);
        return caller.SeesAll ? files : files.Where(f => f.Owner == caller.Owner);
    }

    /// <summary>The caller's own models, those that are registered for everybody, and those that a job of the caller's learned
    /// from.</summary>
    public static IQueryable<ModelRow> SeenBy(this IQueryable<ModelRow> models, Caller caller, JobsContext db) => caller.SeesAll ? models
        : models.Where(m => m.Owner == caller.Owner || (m.Owner == Caller.Nobody && m.Name != null)
        || db.Jobs.Any(j => j.ModelId == m.Id && j.Owner == caller.Owner));

    /// <summary>The caller's own datasets, those that are registered for everybody, and those that a job of the caller's learned
    /// from.</summary>
    public static IQueryable<DatasetRow> SeenBy(this IQueryable<DatasetRow> datasets, Caller caller, JobsContext db) =>
        caller.SeesAll ? datasets
        : datasets.Where(d => d.Owner == caller.Owner || (d.Owner == Caller.Nobody && d.Name != null)
        || db.Jobs.Any(j => j.DatasetId == d.Id && j.Owner == caller.Owner));
}
