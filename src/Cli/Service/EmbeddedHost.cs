using LoraDrop.Api;
using LoraDrop.Hosting;
using LoraDrop.Storage;
using LoraDrop.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Serilog;
using Serilog.Formatting.Compact;

namespace LoraDrop.Cli;

/// <summary>Api and worker in one process, on one folder.</summary>
internal static class EmbeddedHost
{
    /// <summary>How long a stop may take: a child saves its state, the supervisor stores it. Longer than the worker's own grace period,
    /// shorter than an init system's.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(28);

    private const int KeptLogs = 14;

    /// <summary>Builds the service; the caller starts it.</summary>
    /// <param name="folder">Its data folder, already locked.</param>
    /// <param name="options">The address, and the worker's resources.</param>
    public static async Task<WebApplication> BuildAsync(DataFolder folder, ServeOptions options)
    {
        var builder =
            WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = folder.Root, ApplicationName = "loradrop" });
        builder.Configuration.Sources.Clear(); // what counts is said on the command line
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(options.Address, options.Port));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTime);
        builder.Services.AddSerilog(log => Configure(log, folder, options.Quiet), preserveStaticLogger: true);
        builder.Services.AddHostTelemetry(builder.Configuration, "loradrop");
        builder.Services.AddEmbeddedStorage(folder,
            new() { Sources = new() { LocalFiles = options.Loopback }, Outgoing = options.Outgoing });
        var worker = options.Worker with { CacheGiB = 0 }; // the objects are on this disk already
        builder.Services.AddWorker(worker, await Machine.DetectAsync(worker, CancellationToken.None), options.Hub, WorkFolders.In(folder),
            options.Tracking ?? new());
        builder.Services.AddApi(new() { RequireKey = !options.Loopback });
        var app = builder.Build();
        app.MapApi();
        await app.Services.MigrateAsync(CancellationToken.None);
        if (Directory.Exists(folder.Work)) Directory.Delete(folder.Work, recursive: true);
        await app.Services.GetRequiredService<Recovery>().RunAsync(CancellationToken.None);
        return app;
    }

    /// <summary>Logs to standard error for people, and as JSON lines in the data folder for programs.</summary>
    private static void Configure(LoggerConfiguration log, DataFolder folder, bool quiet)
    {
        log.Vocabulary().WriteTo.File(new CompactJsonFormatter(), Path.Combine(folder.Root, "logs", "loradrop-.jsonl"),
            rollingInterval: RollingInterval.Day, retainedFileCountLimit: KeptLogs);
        if (!quiet) log.ForPeople();
    }
}
