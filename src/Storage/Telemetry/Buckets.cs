using System.Diagnostics.Metrics;

namespace LoraDrop.Storage;

/// <summary>Histogram bounds in seconds: jobs take seconds for a sample and days for a large model.</summary>
public static class Buckets
{
    /// <summary>From half a second to a day.</summary>
    public static InstrumentAdvice<double> Waits { get; } = Of(0.5, 1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400);

    /// <summary>From a second to two days.</summary>
    public static InstrumentAdvice<double> Works { get; } =
        Of(1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800);

    /// <summary>From a millisecond to a minute.</summary>
    public static InstrumentAdvice<double> Steps { get; } =
        Of(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60);

    /// <summary>From ten milliseconds to five minutes.</summary>
    public static InstrumentAdvice<double> Writes { get; } = Of(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300);

    /// <summary>Tenths.</summary>
    public static InstrumentAdvice<double> Shares { get; } = Of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1);

    private static InstrumentAdvice<double> Of(params double[] limits) => new() { HistogramBucketBoundaries = limits };
}
