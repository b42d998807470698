using System.Diagnostics.Metrics;

namespace LoraDrop.Storage;

/// <summary>The meter of what this process does. Numbers that a host reads for each scrape have a meter of that host.</summary>
public static class ServiceMeter
{
    public const string Name = "LoraDrop";

    public static Meter Meter { get; } = new(Name, ServiceVersion.Text);
}
