using Microsoft.Extensions.Logging;

namespace LoraDrop.Hosting;

/// <summary>The log of a host.</summary>
public sealed record LogOptions
{
    /// <summary>The lowest level that is written: Trace, Debug, Information, Warning, Error, Critical or None; default
    /// Information.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>One JSON object a line on standard output, for machines, instead of lines for people on standard error; default
    /// false.</summary>
    public bool Json { get; init; }
}
