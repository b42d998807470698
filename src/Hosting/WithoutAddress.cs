using Serilog.Core;
using Serilog.Events;

namespace LoraDrop.Hosting;

/// <summary>Takes the address as it was sent, which the web server puts on every line of a request, away again: people put into addresses
/// what belongs into headers. The request's own line names its route.</summary>
internal sealed class WithoutAddress : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory) => logEvent.RemovePropertyIfPresent("RequestPath");
}
