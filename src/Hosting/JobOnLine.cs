using Serilog.Core;
using Serilog.Events;

namespace LoraDrop.Hosting;

/// <summary>Adds job, stage and attempt to a log line for people, if it is about a job.</summary>
internal sealed class JobOnLine : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        string? Of(string name) => logEvent.Properties.TryGetValue(name, out var value) ? value.ToString().Trim('"') : null;
        var job = Of("JobId") is { } id
            ? $"  [job {id}{(Of("Stage") is { } stage ? $" {stage}" : "")}{(Of("Attempt") is { } attempt ? $" #{attempt}" : "")}]"
            : "";
        logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty("Job", new LiteralText(job)));
    }

    /// <summary>Rendered without quotes.</summary>
    private sealed class LiteralText(string text)
    {
        public override string ToString() => text;
    }
}
