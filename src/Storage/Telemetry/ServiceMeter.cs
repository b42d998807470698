using System.Diagnostics.Metrics;

namespace LoraDrop.Storage;

/// <summary>The meter of this process's own counters. Values that a host reads for each scrape are on that host's meter.</summary>
public static class ServiceMeter
{
    public const string Name = "LoraDrop";

    public static Meter Meter { get; } = new(Name, ServiceVersion.Text);
}
