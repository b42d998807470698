namespace LoraDrop.Domain;

/// <summary>Priority in the queue. At equal priority, stages of started jobs come first, then those queued longest.</summary>
public enum JobPriority
{
    /// <summary>Runs before all others.</summary>
    High,

    /// <summary>Runs after high.</summary>
    Default,

    /// <summary>Runs when nothing else is queued.</summary>
    Low,
}
