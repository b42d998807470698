using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>A message about a followed job.</summary>
internal abstract record Followed
{
    private Followed() { }

    /// <summary>Something happened to the job.</summary>
    public sealed record Happened(EventView Event, string Json) : Followed;

    /// <summary>The job or its place in the queue changed.</summary>
    public sealed record Progressed(Api.ProgressView Progress, string Json) : Followed;

    /// <summary>The service stopped answering; waiting for it.</summary>
    public sealed record Lost(TimeSpan Patience) : Followed;

    /// <summary>The service answers again; no event was missed.</summary>
    public sealed record Back : Followed;

    /// <summary>The job has ended.</summary>
    public sealed record Ended(JobStatus Status) : Followed;
}
