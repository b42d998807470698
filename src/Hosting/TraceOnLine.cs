using Serilog.Core;
using Serilog.Events;

namespace LoraDrop.Hosting;

/// <summary>Adds the trace to a JSON log line under the names people search for: the compact format uses its own, <c>@tr</c> and
/// <c>@sp</c>.</summary>
internal sealed class TraceOnLine : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        if (logEvent is not { TraceId: { } trace, SpanId: { } span }) return;
        logEvent.AddPropertyIfAbsent(new("TraceId", new ScalarValue(trace.ToHexString())));
        logEvent.AddPropertyIfAbsent(new("SpanId", new ScalarValue(span.ToHexString())));
    }
}
