using System.Runtime.InteropServices;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Hosting;

/// <summary>The main program of a host: its arguments, its settings, and its end by a signal.</summary>
public static class HostProgram
{
    /// <summary>Ended on request.</summary>
    public const int Done = 0;

    /// <summary>The settings, the database or the tables are wrong; a restart without a change fails again.</summary>
    public const int Refused = 2;

    /// <summary>Parses the arguments of an executable that is only a host.</summary>
    /// <param name="args">Nothing, <c>--config</c> and a file, or before it <c>db migrate</c>; or <c>health</c> and an address
    /// (<see cref="HealthProbe"/>).</param>
    /// <param name="program">The executable's name.</param>
    /// <param name="host">Runs the host; its argument is the settings file, or null.</param>
    public static async Task<int> MainAsync(string[] args, string program, Func<string?, Task<int>> host)
    {
        switch (args)
        {
            case []: return await host(null);
            case ["--config", var file]: return await host(file);
            case ["db", "migrate"]: return await MigrateAsync(null);
            case ["db", "migrate", "--config", var file]: return await MigrateAsync(file);
            case ["health", var address]: return await HealthProbe.RunAsync(address);
            case ["keys", .. var rest]: return await KeyProgram.MainAsync(rest);
            case ["--version"]:
                await Console.Out.WriteLineAsync(ServiceVersion.Text);
                return Done;
            default:
                var asked = args is ["--help" or "-h"];
                await (asked ? Console.Out : Console.Error).WriteLineAsync(
                    $"Usage: {program} [db migrate] [--config <file>]\n       {program} keys create|list|revoke [--config "
                    + $"<file>]\n       {program} health <address>\nSettings: appsettings.json beside the program and in "
                    + $"the working folder, or the file; then the environment ({SettingName.Prefix}…).");
                return asked ? Done : Refused;
        }
    }

    /// <summary>Runs a host to its end.</summary>
    /// <param name="settingsFile">The file from <c>--config</c>.</param>
    /// <param name="host">Reads its settings, and runs until it is stopped.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string? settingsFile, Func<SettingsReader, CancellationToken, Task> host)
    {
        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            await host(SettingsReader.Open(settingsFile), stop.Token);
            return Done;
        }
        catch (RefusedInputException refused)
        {
            foreach (var fault in refused.Faults) await Console.Error.WriteLineAsync(fault.ToString());
            return Refused;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Done; // stopped before it had started
        }
    }

    /// <summary>Updates the tables of jobs and of the queue, and prints what it did.</summary>
    public static Task<int> MigrateAsync(string? settingsFile) => RunAsync(settingsFile, async (reader, stop) =>
    {
        var (database, log) = (ServiceSettings.ReadDatabase(reader), ServiceSettings.ReadLog(reader));
        reader.ThrowIfFaulty();
        await using var services = new ServiceCollection().AddLogging().AddHostLog(log).BuildServiceProvider();
        await new DatabaseStart(database, TimeProvider.System,
            services.GetRequiredService<ILogger<DatabaseStart>>()).MigrateAsync(Console.Out.WriteLine, stop);
    });

    /// <summary>Waits for the database, and checks the object store once, which may come up later.</summary>
    public static async Task AwaitStorageAsync(this IServiceProvider services, CancellationToken stop)
    {
        await ActivatorUtilities.CreateInstance<DatabaseStart>(services).AwaitTablesAsync(stop);
        await services.GetRequiredService<ReadyChecks>().RunAsync(stop); // failures are logged
    }
}
