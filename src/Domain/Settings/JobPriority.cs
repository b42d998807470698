namespace LoraDrop.Domain;

/// <summary>Which of the queued stages is taken first; among equals the one that goes on with a job, and then the one that waits longest. The order is that of the queue.</summary>
public enum JobPriority
{
    /// <summary>Before all others.</summary>
    High,

    /// <summary>After high.</summary>
    Default,

    /// <summary>When nothing else waits.</summary>
    Low,
}
