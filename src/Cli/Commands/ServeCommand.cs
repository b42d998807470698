using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using LoraDrop.Api;
using LoraDrop.Domain;
using LoraDrop.Storage;
using LoraDrop.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LoraDrop.Cli;

/// <summary>The service on one machine: Api and worker in one process, rows in SQLite, objects in a folder.</summary>
internal sealed class ServeCommand : Command
{
    private readonly Option<string> _host =
        new("--host") { Description = "Address to listen on. Other than 127.0.0.1, callers need a key: loradrop keys create",
            DefaultValueFactory = _ => $"{IPAddress.Loopback}" };
    private readonly Option<int> _port = new("--port") { Description = "Port to listen on; 0 picks a free one",
        DefaultValueFactory = _ => ServeOptions.DefaultPort };
    private readonly Option<string> _data = new("--data") { Description = "Folder for the service's data",
        DefaultValueFactory = _ => ServeOptions.DefaultData };
    private readonly Option<string> _device = new("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int> _threads = new("--threads") { Description = "CPU threads per stage",
        DefaultValueFactory = _ => Environment.ProcessorCount };
    private readonly Option<int> _slots = new("--slots") { Description = "Stages that run at the same time", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _warmFor =
        new("--warm-for")
        {
            Description = "Seconds that a process waits after a stage for the next one on the same model; 0: it ends",
            DefaultValueFactory = _ => (int)new WorkerOptions().WarmFor.TotalSeconds,
        };
    private readonly Option<int> _predictionSlots =
        new("--prediction-slots")
        {
            Description = "Predictions of finished jobs that are answered at the same time, beside stages; each keeps a model in memory; "
                + "0: none",
            DefaultValueFactory = _ => new WorkerOptions().PredictionSlots,
        };
    private readonly Option<string[]> _allowPrivate =
        new("--allow-private")
        {
            Description = "A private network, address or host that webhooks may reach, such as 127.0.0.1 or 10.20.0.0/16 "
                + "(default: public hosts only); may be repeated",
        };
    private readonly Option<bool> _allowHttp = new("--allow-http") { Description = "Allow webhooks over http, not only https" };
    private readonly Option<bool> _noSample = new("--no-sample") { Description = "Do not register the sample model in a new data folder" };

    public ServeCommand() : base("serve", "Run the job service: REST API and Swagger UI, a queue, and a worker")
    {
        _device.AcceptOnlyFromAmong("cpu", "cuda");
        Limit(_port, 0, 65535);
        Limit(_threads, 1, 1024);
        Limit(_slots, 1, 64);
        Limit(_warmFor, 0, 3600);
        Limit(_predictionSlots, 0, 64);
        _host.Validators.Add(result =>
        {
            if (result.Tokens is [var written] && !IPAddress.TryParse(written.Value, out _))
                result.AddError($"--host must be an address of this machine, such as 127.0.0.1 or 0.0.0.0; got '{written.Value}'");
        });
        Add(_host);
        Add(_port);
        Add(_data);
        Add(_device);
        Add(_threads);
        Add(_slots);
        Add(_warmFor);
        Add(_predictionSlots);
        Add(_noSample);
        Add(_allowPrivate);
        Add(_allowHttp);
        SetAction(InvokeAsync);
    }

    private static void Limit(Option<int> option, int least, int most) => option.Validators.Add(result =>
    {
        if (result.Tokens is [var written] && int.TryParse(written.Value, out var n) && (n < least || n > most))
            result.AddError($"{option.Name} must lie in {least} to {most}");
    });

    private async Task<int> InvokeAsync(ParseResult options, CancellationToken cancel)
    {
        try
        {
            var outgoing = new OutgoingOptions { PrivateNetworks = options.GetValue(_allowPrivate) ?? [],
                AllowHttp = options.GetValue(_allowHttp) };
            if (outgoing.Faults("").ToList() is { Count: > 0 } faults)
                throw new RefusedInputException([.. faults.Select(fault => fault with { Path = _allowPrivate.Name })]);
            using var folder = DataFolder.Take(options.GetValue(_data)!);
            var worker = new WorkerOptions { Device = options.GetValue(_device)!, Threads = options.GetValue(_threads),
                Slots = options.GetValue(_slots), WarmFor = TimeSpan.FromSeconds(options.GetValue(_warmFor)),
                PredictionSlots = options.GetValue(_predictionSlots) };
            var isNew = !File.Exists(folder.Database);
            await using var app = await EmbeddedHost.BuildAsync(folder, new(IPAddress.Parse(options.GetValue(_host)!),
                options.GetValue(_port), worker, HubOptions.FromEnvironment()) { Outgoing = outgoing });
            await app.StartAsync(cancel);
            var sample = isNew && !options.GetValue(_noSample) ? await ShippedSample.RegisterAsync(app.Services, cancel) : [];
            await Console.Out.WriteLineAsync(Welcome(AddressOf(app), IPAddress.IsLoopback(IPAddress.Parse(options.GetValue(_host)!)),
                folder.Root, sample));
            await app.LogAccessAsync($"loradrop keys create --data {folder.Root} --name <name> --role admin", cancel);
            await app.WaitForShutdownAsync(cancel);
            return ExitCode.Done;
        }
        catch (RefusedInputException refused)
        {
            Failure.Write(false, FailureCode.Refused, refused.Faults);
            return ExitCode.Usage;
        }
        catch (IOException taken) when (taken.InnerException is AddressInUseException)
        {
            Failure.Write(false, FailureCode.Refused,
                [new("--port", $"{options.GetValue(_port)} is in use by another program; choose another, or 0 for a free one")]);
            return ExitCode.Usage;
        }
        catch (SocketException denied)
        {
            Failure.Write(false, FailureCode.Refused, [new("--port", $"{options.GetValue(_port)} cannot be used: {denied.Message}")]);
            return ExitCode.Usage;
        }
        catch (SqliteException unread) when (!DiskFull.Says(unread))
        {
            Failure.Write(false, FailureCode.Storage, [new("--data", $"the database loradrop.db in it cannot be used: {unread.Message}")]);
            return ExitCode.Storage;
        }
        catch (Exception full) when (DiskFull.Says(full))
        {
            Failure.Write(false, FailureCode.Storage, [new("--data", "the disk is full")]);
            return ExitCode.Storage;
        }
    }

    private static string Welcome(string address, bool open, string data, IReadOnlyList<string> sample) => $"""
        LoRA-drop listens on {address} ({(open ? "this machine only, without keys" : "whoever asks must show a key")}). Swagger UI: {address}/swagger
        {(sample.Count > 0 ? $"The sample is registered: {string.Join(", ", sample)}. The first example of POST /jobs runs on it.\n" : "")}Data: {data}   Ctrl-C stops; jobs go on at the next start.
        """;

    private static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
}
