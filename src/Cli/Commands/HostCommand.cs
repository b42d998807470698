using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Hosting;
using LoraDrop.Worker;

namespace LoraDrop.Cli;

/// <summary>A part of a service on several machines: settings come from a file and the environment, and the same code also runs as its own
/// program.</summary>
internal sealed class HostCommand : Command
{
    private readonly Option<string?> _config =
        new("--config") { Description = "Settings file (default: appsettings.json beside the program and in the working folder)" };

    private HostCommand(string name, string description, Func<string?, Task<int>> run) : base(name, description)
    {
        Add(_config);
        SetAction((options, _) => run(options.GetValue(_config)));
    }

    public static Command Api() => new HostCommand("api", "Run the REST API alone, over PostgreSQL and an object store", ApiHost.RunAsync);

    public static Command Worker() =>
        new HostCommand("worker", "Run a worker alone, over the same database and object store", WorkerHost.RunAsync);

    public static Command Database() => new("db", "The database of a service over many machines")
    {
        new HostCommand("migrate", "Update the database's tables", HostProgram.MigrateAsync),
    };
}
