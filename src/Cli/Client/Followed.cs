using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>What a person who follows a job gets to see.</summary>
internal abstract record Followed
{
    private Followed() { }

    /// <summary>Something happened to the job.</summary>
    public sealed record Happened(EventView Event, string Json) : Followed;

    /// <summary>The job got on, or the queue did.</summary>
    public sealed record Progressed(Api.ProgressView Progress, string Json) : Followed;

    /// <summary>The service does not answer any more; it is waited for.</summary>
    public sealed record Lost(TimeSpan Patience) : Followed;

    /// <summary>The service answers again, and nothing was missed.</summary>
    public sealed record Back : Followed;

    /// <summary>The job has ended.</summary>
    public sealed record Ended(JobStatus Status) : Followed;
}
