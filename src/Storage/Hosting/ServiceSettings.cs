using LoraDrop.Domain;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>What Api and Worker have in common: where rows, objects and queued work are, and how both log.</summary>
public sealed record ServiceSettings(DatabaseOptions Database, ObjectOptions Objects, S3Options S3, QueueOptions Queue, LeaseOptions Leases, SourceOptions Sources, JobOptions Jobs, OutgoingOptions Outgoing, WebhookOptions Webhooks, LogOptions Log)
{
    /// <summary>Reads them; what is wrong stays with the reader until it is told.</summary>
    public static ServiceSettings Read(SettingsReader reader)
    {
        var settings = new ServiceSettings(ReadDatabase(reader), new(), new(), new(), new(), new(), new(), new(), new(), ReadLog(reader));
        reader.Section("Objects", path => settings.Objects.Faults(path, settings.S3), settings.Objects, settings.S3);
        reader.Section("Queue", settings.Queue.Faults, settings.Queue);
        reader.Section("Leases", settings.Leases.Faults, settings.Leases);
        if (settings.Objects.Folder is null) settings.Sources.Store = settings.S3;
        reader.Section("Jobs", settings.Jobs.Faults, settings.Jobs);
        reader.Section("Sources", settings.Sources.Faults, settings.Sources);
        reader.Section("Outgoing", settings.Outgoing.Faults, settings.Outgoing);
        reader.Section("Webhooks", settings.Webhooks.Faults, settings.Webhooks);
        return settings;
    }

    /// <summary>The database alone, which is all that migrations need.</summary>
    public static DatabaseOptions ReadDatabase(SettingsReader reader)
    {
        var database = new DatabaseOptions();
        reader.Section("Database", database.Faults, database);
        return database;
    }

    public static LogOptions ReadLog(SettingsReader reader)
    {
        var log = new LogOptions();
        reader.Section("Log", _ => [], log);
        return log;
    }
}

/// <summary>Where objects are: in an S3 store, whose settings stand in the same section, or in a folder that all hosts share.</summary>
public sealed class ObjectOptions
{
    /// <summary>An absolute folder that is the same for the Api and all workers; default none, then <c>Bucket</c> names a store.</summary>
    public string? Folder { get; set; }

    public IEnumerable<Fault> Faults(string path, S3Options s3)
    {
        var bucket = $"{path}:{nameof(S3Options.Bucket)}";
        if (Folder is not null) return s3.Bucket.Length > 0 ? [new($"{path}:{nameof(Folder)}", "is given beside Bucket: objects are either in a folder or in a store")] : $"{path}:{nameof(Folder)}".AbsoluteFolder(Folder);
        return s3.Bucket.Length > 0 ? s3.Faults(path) : [new(bucket, $"is required, or {SettingsReader.Named($"{path}:{nameof(Folder)}")} for a folder that all hosts share"), .. s3.Faults(path).Where(fault => fault.Path != bucket)];
    }
}

/// <summary>The queue, which only wakes workers: the rows say what is to be done.</summary>
public sealed class QueueOptions
{
    /// <summary>How long a message whose worker is gone stays hidden; default 5 min, from 10 s to 1 d. Workers at work go on hiding theirs.</summary>
    public TimeSpan InvisibilityTimeout { get; set; } = TimeSpan.FromMinutes(5);

    public IEnumerable<Fault> Faults(string path) => $"{path}:{nameof(InvisibilityTimeout)}".Within(InvisibilityTimeout, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
}

/// <summary>How long a worker has a stage without being heard of.</summary>
public sealed class LeaseOptions
{
    /// <summary>After so long a silence the stage is another worker's; default 60 s, from 2 s to 1 h. Workers at work renew theirs all the time, so it says how soon a stage goes on after a worker died, and how long an outage of the database may last before work is done again.</summary>
    public TimeSpan Length { get; set; } = TimeSpan.FromSeconds(60);

    public IEnumerable<Fault> Faults(string path) => $"{path}:{nameof(Length)}".Within(Length, TimeSpan.FromSeconds(2), TimeSpan.FromHours(1));
}

/// <summary>What a host writes about itself.</summary>
public sealed class LogOptions
{
    /// <summary>The least level that is written: Trace, Debug, Information, Warning, Error, Critical or None; default Information.</summary>
    public LogLevel Level { get; set; } = LogLevel.Information;

    /// <summary>One JSON object a line on standard output, for machines, instead of lines for people on standard error; default false.</summary>
    public bool Json { get; set; }
}
