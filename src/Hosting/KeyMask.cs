using LoraDrop.Storage;
using Serilog.Core;
using Serilog.Events;

namespace LoraDrop.Hosting;

/// <summary>Cuts keys in log lines to their prefixes, wherever they come from: a user may send one in an address.</summary>
internal sealed class KeyMask : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        foreach (var (name, value) in logEvent.Properties.ToList())
            if (value is ScalarValue { Value: string text } && ApiKeyText.Masked(text) is var masked && !ReferenceEquals(masked, text))
                logEvent.AddOrUpdateProperty(new(name, new ScalarValue(masked)));
    }
}
