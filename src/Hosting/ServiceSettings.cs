using LoraDrop.Storage;

namespace LoraDrop.Hosting;

/// <summary>The settings that the Api and workers share: where rows, objects and queued work are, and how both log.</summary>
public sealed record ServiceSettings(StorageSettings Storage, LogOptions Log)
{
    /// <summary>Reads them; faults stay with the reader until it reports them.</summary>
    public static ServiceSettings Read(SettingsReader reader)
    {
        var (objects, s3) = (new ObjectOptions(), new S3Options());
        reader.Section("Objects", path => objects.Faults(path, s3), objects, s3);
        var settings = new StorageSettings { Database = ReadDatabase(reader), Objects = objects, S3 = s3,
            Sources = new() { Store = objects.Folder is null ? s3 : null } };
        reader.Section("Queue", settings.Queue.Faults, settings.Queue);
        reader.Section("Leases", settings.Leases.Faults, settings.Leases);
        reader.Section("Jobs", settings.Jobs.Faults, settings.Jobs);
        reader.Section("Sources", settings.Sources.Faults, settings.Sources);
        reader.Section("Predictions", settings.Predictions.Faults, settings.Predictions);
        reader.Section("Outgoing", settings.Outgoing.Faults, settings.Outgoing);
        reader.Section("Webhooks", settings.Webhooks.Faults, settings.Webhooks);
        return new(settings, ReadLog(reader));
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
