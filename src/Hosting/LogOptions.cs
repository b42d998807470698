using Microsoft.Extensions.Logging;

namespace LoraDrop.Hosting;

/// <summary>What a host writes about itself.</summary>
public sealed record LogOptions
{
    /// <summary>The least level that is written: Trace, Debug, Information, Warning, Error, Critical or None; default Information.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>One JSON object a line on standard output, for machines, instead of lines for people on standard error; default false.</summary>
    public bool Json { get; init; }
}
