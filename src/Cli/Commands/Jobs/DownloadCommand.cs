using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Downloads a job's files.</summary>
internal sealed class DownloadCommand : JobCommand
{
    private static readonly string[] Usual = [RunFolder.AdapterFolder, RunFolder.ImportanceFile, RunFolder.ImportanceChartFile,
        RunFolder.ResultFile, RunFolder.AnswersFile];

    private readonly Argument<string[]> _names =
        new("name") { Description = $"Files or folders of the job (default: {string.Join(", ", Usual)})",
            Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string> _out = new("--out") { Description = "Folder for the files", Required = true };
    private readonly Option<bool> _all = new("--all") { Description = "All of the job's files" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace existing files that differ" };

    public DownloadCommand() : base("download", "Download a job's files; run the same command again to continue a broken download")
    {
        Add(_names);
        Add(_out);
        Add(_all);
        Add(_force);
    }

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var there = await service.ArtifactsAsync(job, cancel);
        var wanted = options.GetValue(_all) ? there : Named(there, options.GetValue(_names) is { Length: > 0 } names ? names : null);
        await FetchAsync(service, wanted, options.GetValue(_out)!, options.GetValue(_force), terminal, cancel);
        return ExitCode.Done;
    }

    /// <summary>Downloads missing files, and reports the path of each.</summary>
    internal static async Task FetchAsync(ServiceClient service, IReadOnlyList<ArtifactView> wanted, string folder, bool force,
        Terminal terminal, CancellationToken cancel)
    {
        using var view = terminal.Json
            ? null
            : new TransferView(terminal.Console, TimeProvider.System, "Download", wanted.Sum(file => file.Bytes));
        var download = new ArtifactDownload(service, folder, force) { Arrived = bytes => view?.Add(bytes) };
        var missing = await download.MissingAsync(wanted, cancel);
        view?.Reached(wanted.Except(missing).Sum(file => file.Bytes));
        foreach (var file in missing) await download.FetchAsync(file, cancel);
        foreach (var file in wanted)
            terminal.Tell(new { file.Name, file.Bytes, file.Sha256, Path = Path.GetFullPath(Path.Combine(folder, file.Name)),
                New = missing.Contains(file) });
        view?.Dispose();
        terminal.Say($"{missing.Count} of {wanted.Count} files downloaded, "
            + $"{Words.Bytes(missing.Sum(file => file.Bytes))}{(missing.Count < wanted.Count ? "; the others exist already" : "")}: "
            + $"{folder}");
    }

    private static List<ArtifactView> Named(IReadOnlyList<ArtifactView> there, string[]? names)
    {
        if (there.Count == 0) throw new RefusedInputException("job", "has no files yet; they appear as its stages succeed");
        var found = (names ?? Usual).Select(name =>
            (Name: name, Files: there.Where(file => file.Name == name
                || file.Name.StartsWith(name.TrimEnd('/') + '/', StringComparison.Ordinal)).ToArray())).ToArray();
        var faults = found.Where(f => names is not null && f.Files.Length == 0)
            .Select(f => new Fault(f.Name, $"no such file; the job has {string.Join(", ", there.Select(file => file.Name))}")).ToArray();
        return faults.Length > 0 ? throw new RefusedInputException(faults) : [.. found.SelectMany(f => f.Files).Distinct()];
    }
}
