using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Sends a dataset to the service.</summary>
internal sealed class UploadCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name for use in jobs" };
    private readonly Option<string> _train = new(
        "--train") { Description = "Training file (.jsonl, .json, .csv, .tsv, .txt, each also with .gz, or .parquet)", Required = true };
    private readonly Option<string?> _validation =
        new("--validation") { Description = "Validation file (default: a stratified tenth of the training file)" };
    private readonly Option<string?> _test = new("--test") { Description = "Test file, evaluated once at the end" };
    private readonly DatasetReadiness _readiness;

    public UploadCommand() : base("upload", "Upload a dataset, one file per split, and validate every row")
    {
        Add(_name);
        Add(_train);
        Add(_validation);
        Add(_test);
        _readiness = new(this);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var files = new[] { ("train", options.GetValue(_train)), ("validation", options.GetValue(_validation)),
            ("test", options.GetValue(_test)) }
            .Where(file => file.Item2 is not null).ToDictionary(file => file.Item1, file => file.Item2!);
        return await _readiness.ShowAsync(await SendAsync(options.GetValue(_name)!, files, terminal, service, cancel), options, terminal,
            service, cancel);
    }

    /// <summary>Uploads the files and shows the progress.</summary>
    internal static async Task<Reply<Api.DatasetView>> SendAsync(string name, IReadOnlyDictionary<string, string> files, Terminal terminal,
        ServiceClient service, CancellationToken cancel)
    {
        var missing = files.Where(file => !File.Exists(file.Value))
            .Select(file => new Fault($"--{file.Key}", $"file not found: {file.Value}")).ToArray();
        if (missing.Length > 0) throw new RefusedInputException(missing);
        using var view = terminal.Json
            ? null
            : new TransferView(terminal.Console, TimeProvider.System, "Upload", files.Values.Sum(path => new FileInfo(path).Length));
        return await service.UploadAsync(name, files, bytes => view?.Add(bytes), cancel);
    }
}
