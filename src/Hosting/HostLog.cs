using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace LoraDrop.Hosting;

/// <summary>Sets up the log of a host: a line for people, or a JSON object for machines, with job, stage and attempt where the entry is
/// about one.</summary>
public static class HostLog
{
    private const string Line = "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{Job}{NewLine}{Exception}";

    /// <summary>Logs as configured. Entries outside a host are dropped.</summary>
    public static IServiceCollection AddHostLog(this IServiceCollection services, LogOptions options) => services.AddSerilog(log =>
    {
        log.Vocabulary(options.Level);
        if (options.Json) log.WriteTo.Console(new CompactJsonFormatter());
        else log.ForPeople();
    }, preserveStaticLogger: true);

    /// <summary>The entries that are written: the service's own, and only warnings and errors of the frameworks.</summary>
    public static LoggerConfiguration Vocabulary(this LoggerConfiguration log, LogLevel least = LogLevel.Information)
    {
        var level = least == LogLevel.None ? LevelAlias.Off : (LogEventLevel)least;
        var foreign = level > LogEventLevel.Warning ? level : LogEventLevel.Warning;
        return log.MinimumLevel.Is(level)
            .MinimumLevel.Override("Microsoft", foreign)
            // its errors are also thrown, and logged where they are caught
            .MinimumLevel.Override("Microsoft.EntityFrameworkCore", LogEventLevel.Fatal)
            // it warns that the pages' keys lie unencrypted in the database, which docs/operations.md says
            .MinimumLevel.Override("Microsoft.AspNetCore.DataProtection", LogEventLevel.Error)
            .MinimumLevel.Override("Hangfire", foreign)
            .Filter.ByExcluding(IsQueueInOutage)
            .Enrich.FromLogContext()
            .Enrich.With<WithoutAddress>()
            .Enrich.With<TraceOnLine>()
            .Enrich.With<JobOnLine>()
            .Enrich.With<KeyMask>();
    }

    /// <summary>Lines on standard error.</summary>
    public static LoggerConfiguration ForPeople(this LoggerConfiguration log) =>
        log.WriteTo.Console(outputTemplate: Line, standardErrorFromLevel: LogEventLevel.Verbose);

    /// <summary>While the database is unreachable, each of the queue's loops logs a stack trace again and again; the code that uses the
    /// rows logs one line.</summary>
    private static bool IsQueueInOutage(LogEvent said) =>
        said.Exception is not null && said.Properties.TryGetValue(Serilog.Core.Constants.SourceContextPropertyName, out var source)
            && source is ScalarValue { Value: string name } && name.StartsWith("Hangfire", StringComparison.Ordinal)
            && DatabaseFault.Unreachable(said.Exception) is not null;
}
