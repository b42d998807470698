using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Hosting;

/// <summary>Creates, lists and revokes API keys from the command line, directly in the database: this is how the first key is
/// created.</summary>
public static class KeyProgram
{
    private const string Usage = """
        keys create --name <name> --role read|submit|admin [--owner <owner>] [--days <n>] [--requests-per-minute <n>] [--active-jobs <n>]
        keys list
        keys revoke <prefix or id>
        """;

    private static readonly string[] Names = ["--name", "--role", "--owner", "--days", "--requests-per-minute", "--active-jobs",
        "--config"];

    /// <summary>Reads the arguments of a host's executable.</summary>
    /// <returns>The exit code.</returns>
    public static Task<int> MainAsync(string[] args)
    {
        var faults = new List<Fault>();
        var given = Given(args.Skip(args is ["revoke", ..] ? 2 : 1), faults);
        return HostProgram.RunAsync(given.GetValueOrDefault("--config"), async (reader, stop) =>
        {
            Func<JobsContext, Task>? act = args switch
            {
                ["create", ..] => db => CreateAsync(db, Asked(given, faults), Console.Out, stop),
                ["list", ..] => db => ListAsync(db, Console.Out, stop),
                ["revoke", var key, ..] => db => RevokeAsync(db, key, Console.Out, stop),
                _ => null,
            };
            if (act is null) throw new RefusedInputException("keys", $"takes create, list or revoke:\n{Usage}");
            if (faults.Count > 0) throw new RefusedInputException(faults);
            await using var db = Open(reader);
            await act(db);
        });
    }

    /// <summary>Opens the database in the settings.</summary>
    /// <exception cref="RefusedInputException">The settings have faults.</exception>
    public static JobsContext Open(SettingsReader reader)
    {
        var database = ServiceSettings.ReadDatabase(reader);
        reader.ThrowIfFaulty();
        var options = new DbContextOptionsBuilder<PostgresJobsContext>();
        PostgresJobsContext.Configure(options, database.Complete("loradrop keys", 1, TimeSpan.FromMinutes(1)));
        return new PostgresJobsContext(options.Options);
    }

    /// <summary>Opens the database of an embedded service, which may be running.</summary>
    /// <exception cref="RefusedInputException">The folder has none.</exception>
    public static JobsContext Open(string dataFolder)
    {
        var file = DataFolder.DatabaseIn(dataFolder);
        if (!File.Exists(file))
            throw new RefusedInputException("--data",
                $"there is no service's data in {dataFolder}: start it once with loradrop serve --data {dataFolder}");
        var options = new DbContextOptionsBuilder<SqliteJobsContext>();
        SqliteJobsContext.Configure(options, file);
        return new SqliteJobsContext(options.Options);
    }

    /// <summary>Creates a key, and prints it.</summary>
    public static async Task CreateAsync(JobsContext db, KeyRequest asked, TextWriter output, CancellationToken cancel)
    {
        if (asked.Faults(TimeProvider.System.GetUtcNow()).ToList() is { Count: > 0 } faults)
            throw new RefusedInputException([.. faults.Select(fault => fault with { Path = Option(fault.Path) })]);
        var (row, key) = await Keys(db).CreateAsync(asked, By.Name, cancel);
        await AuditAsync(db, "createKey", row, cancel);
        await output.WriteLineAsync(key);
        await Console.Error.WriteLineAsync(
            $"This is the only time that the key is shown. Role {JsonText.NameOf(row.Role)}, owner {row.Owner}, "
            + $"{(row.ExpiresAt is { } until ? $"until {until:u}" : "until it is revoked")}.");
    }

    /// <summary>Prints the keys, newest first, one per line.</summary>
    public static async Task ListAsync(JobsContext db, TextWriter output, CancellationToken cancel)
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var key in await db.ApiKeys.AsNoTracking().OrderByDescending(k => k.Id).ToListAsync(cancel))
            await output.WriteLineAsync($"{key.Prefix}  {JsonText.NameOf(key.Role),-6}  {State(key, now),-28}  {key.Owner}  {key.Name}");
    }

    /// <summary>Revokes a key.</summary>
    /// <exception cref="RefusedInputException">There is no such key.</exception>
    public static async Task RevokeAsync(JobsContext db, string idOrPrefix, TextWriter output, CancellationToken cancel)
    {
        if ((await Keys(db).RevokeAsync(idOrPrefix, cancel)).IsRefused(out var refusal, out var row))
            throw new RefusedInputException("key", $"{ApiKeyText.Masked(refusal.Message)} List them with keys list");
        await AuditAsync(db, "revokeKey", row, cancel);
        await output.WriteLineAsync($"{row.Prefix} is revoked; processes of the service that know it refuse it within seconds.");
    }

    private static Caller By { get; } = Caller.Machine with { Name = $"command line ({Environment.UserName})" };

    private static ApiKeys Keys(JobsContext db) => new(db, TimeProvider.System);

    private static Task AuditAsync(JobsContext db, string action, ApiKeyRow row, CancellationToken cancel) =>
        new AuditLog(db, TimeProvider.System).WriteAsync(By, action, $"/keys/{row.Id}", address: null, traceId: null, cancel);

    private static string State(ApiKeyRow key, DateTimeOffset now) =>
        key.RevokedAt is { } revoked ? $"revoked {revoked:yyyy-MM-dd}" : key.ExpiresAt <= now
            ? $"expired {key.ExpiresAt:yyyy-MM-dd}"
            : key.UsedAt is { } used ? $"used {used:yyyy-MM-dd HH:mm}" : "never used";

    private static Dictionary<string, string> Given(IEnumerable<string> args, List<Fault> faults)
    {
        var given = new Dictionary<string, string>();
        string? name = null;
        foreach (var arg in args)
        {
            if (name is not null) given[name] = arg;
            else if (!Names.Contains(arg)) faults.Add(new(ApiKeyText.Masked(arg), $"is not an option{Spelling.Hint(arg, Names)}"));
            name = name is null && Names.Contains(arg) ? arg : null;
        }
        if (name is not null) faults.Add(new(name, "needs a value"));
        return given;
    }

    private static KeyRequest Asked(Dictionary<string, string> given, List<Fault> faults)
    {
        Role? role = given.TryGetValue("--role", out var written)
            ? Enum.GetValues<Role>().Cast<Role?>().FirstOrDefault(r => JsonText.NameOf(r!.Value) == written)
            : null;
        if (role is null) faults.Add(new("--role", "must be read, submit or admin"));
        if (!given.ContainsKey("--name")) faults.Add(new("--name", "is required"));
        int? Count(string name)
        {
            if (!given.TryGetValue(name, out var text)) return null;
            if (int.TryParse(text, out var count)) return count;
            faults.Add(new(name, $"must be a whole number; got {text}"));
            return null;
        }
        var request = new KeyRequest(given.GetValueOrDefault("--name", ""), role ?? Role.Read, given.GetValueOrDefault("--owner"),
            TimeProvider.System.GetUtcNow() + (Count("--days") is { } days ? TimeSpan.FromDays(days) : null),
            Count("--requests-per-minute"), Count("--active-jobs"));
        return faults.Count == 0 ? request : throw new RefusedInputException(faults);
    }

    /// <summary>The command-line form of a field: <c>requestsPerMinute</c> is <c>--requests-per-minute</c>.</summary>
    private static string Option(string path) =>
        path == "expiresAt" ? "--days" : $"--{System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(path)}";
}
