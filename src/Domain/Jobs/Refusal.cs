namespace LoraDrop.Domain;

/// <summary>Why something that was asked for is not done: a value, not an exception. The code is stable, for scripts; the message is for people.</summary>
public abstract record Refusal(string Code, string Message)
{
    /// <summary>There is no such thing.</summary>
    public sealed record Missing(string What, string Name) : Refusal($"{What}_not_found", $"There is no {What} {Name}.");

    /// <summary>It is there, but its state does not allow this now.</summary>
    public sealed record Conflict(string Code, string Message) : Refusal(Code, Message);

    /// <summary>The caller may not do this.</summary>
    public sealed record Denied(string Message) : Refusal("forbidden", Message);

    /// <summary>The caller may do this, but not now.</summary>
    /// <param name="Code">Stable, for scripts.</param>
    /// <param name="Message">For people.</param>
    /// <param name="RetryAfter">Seconds until a try is worth while.</param>
    public sealed record TooMany(string Code, string Message, int RetryAfter) : Refusal(Code, Message);

    /// <summary>The request is wrong; every fault has its path.</summary>
    public sealed record Invalid(IReadOnlyList<Fault> Faults) : Refusal("invalid", $"The request has {Faults.Count} fault{(Faults.Count == 1 ? "" : "s")}.");
}
