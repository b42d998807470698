using Serilog.Core;
using Serilog.Events;

namespace LoraDrop.Hosting;

/// <summary>Removes the raw address, which the web server adds to every log line of a request: users put secrets into addresses. The
/// request's own line names its route.</summary>
internal sealed class WithoutAddress : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory) => logEvent.RemovePropertyIfPresent("RequestPath");
}
