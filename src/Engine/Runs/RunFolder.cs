using System.Security.Cryptography;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>The identity of a run: the settings and the content of everything it reads.</summary>
/// <param name="Request">The resolved settings.</param>
/// <param name="Files">The files read: use, file name and sha256.</param>
public sealed record RunIdentity(JsonElement Request, IReadOnlyList<RunFile> Files)
{
    /// <summary>The format of a run's folder; a run.json with another format is refused, and one without is format 1.</summary>
    public int Format { get; } = RunFolder.Format;
}

/// <summary>A file that a run depends on.</summary>
public sealed record RunFile(string Use, string Name, string Sha256)
{
    /// <summary>The use of a model's files.</summary>
    internal const string OfModel = "model";
}

/// <summary>The output folder of one run, locked while it runs. A stopped run is continued from its contents.</summary>
public sealed class RunFolder : IDisposable
{
    /// <summary>The format of run folders written, and the only one read.</summary>
    public const int Format = 1;

    public const string ImportanceFile = "importance.json", ImportanceChartFile = "importance.svg",
        CheckpointFile = "checkpoint.safetensors";

    /// <summary>The adapter after stage 1, for warm starts.</summary>
    public const string Stage1AdapterFile = "importance-adapter.safetensors";

    /// <summary>The settings and the digests of all inputs.</summary>
    public const string IdentityFile = "run.json";

    /// <summary>Written last: its presence means that the run is complete.</summary>
    public const string ResultFile = "result.json";

    /// <summary>Generated answers, one JSON object per line: prompt, answer, why it ended, and the correct answers.</summary>
    public const string AnswersFile = "answers.jsonl";

    public const string AdapterFolder = "adapter", EventsFolder = "events";

    private const string LockFile = "run.lock", FormatField = "format";

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream taken) => (Path, _lock) = (path, taken);

    public string Path { get; }

    public string Checkpoint => At(CheckpointFile);

    public string ImportanceJson => At(ImportanceFile);

    public string ImportanceChart => At(ImportanceChartFile);

    public string Stage1Adapter => At(Stage1AdapterFile);

    public string Adapter => At(AdapterFolder);

    public string Result => At(ResultFile);

    public string Answers => At(AnswersFile);

    public string Events(Stage stage) => System.IO.Path.Combine(At(EventsFolder), JsonText.NameOf(stage));

    /// <summary>Takes a folder for a run: a new or empty one, or one in which the same run was stopped.</summary>
    /// <exception cref="RefusedInputException">The folder holds another run, a finished run, other files, or is in use.</exception>
    /// <exception cref="UnknownFormatException">It holds a run of another format.</exception>
    public static RunFolder Take(string path, RunIdentity identity)
    {
        if (File.Exists(path)) throw new RefusedInputException(path, "is a file; the output of a run is a folder");
        var text = JsonSerializer.Serialize(identity, JsonText.Options);
        var known = System.IO.Path.Combine(path, IdentityFile);
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path)
            .Any(entry => System.IO.Path.GetFileName(entry) != LockFile)) // killed before run.json: only the lock is left
        {
            if (!File.Exists(known)) throw new RefusedInputException(path, "is not empty and holds no run. Choose a new folder.");
            CheckSame(path, File.ReadAllText(known), text);
            if (File.Exists(System.IO.Path.Combine(path, ResultFile)))
                throw new RefusedInputException(path,
                    "holds this run, finished already; its results are in result.json. Choose a new folder to run it again.");
        }
        Directory.CreateDirectory(path);
        var taken = Lock(path);
        foreach (var cut in Directory.EnumerateFiles(path, "*.tmp")) File.Delete(cut); // a killed process was writing them
        if (!File.Exists(known)) WholeFile.WriteText(known, text);
        return new(path, taken);
    }

    /// <summary>The result of a finished run in a folder, or null if missing or unfinished.</summary>
    /// <exception cref="RefusedInputException">The folder holds another run.</exception>
    public static RunResult? ResultIn(string path, RunIdentity identity)
    {
        string known = System.IO.Path.Combine(path, IdentityFile), result = System.IO.Path.Combine(path, ResultFile);
        if (!File.Exists(known) || !File.Exists(result)) return null;
        CheckSame(path, File.ReadAllText(known), JsonSerializer.Serialize(identity, JsonText.Options));
        return JsonSerializer.Deserialize<RunResult>(File.ReadAllText(result), JsonText.Options);
    }

    /// <summary>The sha256 of a file, in hexadecimal.</summary>
    public static string Sha256(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Creates a folder atomically: fills it under another name and renames it; if filling fails, nothing is left.</summary>
    public static void WriteWhole(string folder, Action<string> fill)
    {
        var fresh = $"{folder}.tmp";
        if (Directory.Exists(fresh)) Directory.Delete(fresh, recursive: true);
        Directory.CreateDirectory(fresh);
        try
        {
            fill(fresh);
        }
        catch
        {
            Directory.Delete(fresh, recursive: true);
            throw;
        }
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.Move(fresh, folder);
    }

    public void Dispose() => _lock.Dispose();

    private string At(string name) => System.IO.Path.Combine(Path, name);

    private static FileStream Lock(string path)
    {
        var file = System.IO.Path.Combine(path, LockFile);
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException) when (File.Exists(file)) // otherwise it could not be created: a full disk
        {
            throw new RefusedInputException(path, "another process is using this folder");
        }
    }

    private static void CheckSame(string path, string stored, string wanted)
    {
        var there = Parse(path, stored);
        var format = there.ValueKind == JsonValueKind.Object && there.TryGetProperty(FormatField, out var said)
            ? said.ToString()
            : $"{Format}";
        if (format != $"{Format}") throw new UnknownFormatException(path, "run", format, Format);
        var differences = Differences("", there, Parse(path, wanted)).Where(field => field != FormatField).ToArray();
        if (differences.Length > 0)
            throw new RefusedInputException(path, "holds another run, which differs in "
                + $"{string.Join(", ", differences.Take(5))}{(differences.Length > 5 ? ", …" : "")}. Choose a new "
                + "folder, or use those settings to continue it.");
    }

    private static JsonElement Parse(string path, string json)
    {
        try
        {
            return JsonDocument.Parse(json).RootElement;
        }
        catch (JsonException)
        {
            throw new RefusedInputException(path, $"is not empty, and its {IdentityFile} is not that of a run. Choose a new folder.");
        }
    }

    private static IEnumerable<string> Differences(string at, JsonElement a, JsonElement b)
    {
        if (JsonElement.DeepEquals(a, b)) return [];
        if (a.ValueKind != JsonValueKind.Object || b.ValueKind != JsonValueKind.Object) return [at];
        return a.EnumerateObject().Concat(b.EnumerateObject()).Select(p => p.Name).Distinct().SelectMany(name =>
        {
            var path = at.Length == 0 ? name : $"{at}.{name}";
            return a.TryGetProperty(name, out var x) && b.TryGetProperty(name, out var y) ? Differences(path, x, y) : [path];
        });
    }
}
