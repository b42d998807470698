namespace LoraDrop.Domain;

/// <summary>The reason why a request is refused. A value, not an exception. The code is stable; the message is for people.</summary>
public abstract record Refusal(string Code, string Message)
{
    /// <summary>The resource does not exist.</summary>
    public sealed record Missing(string What, string Name)
        : Refusal($"{What}_not_found", $"{char.ToUpperInvariant(What[0])}{What[1..]} {Name} not found.");

    /// <summary>The resource's state does not allow this.</summary>
    public sealed record Conflict(string Code, string Message) : Refusal(Code, Message);

    /// <summary>The caller may not do this.</summary>
    public sealed record Denied(string Message) : Refusal("forbidden", Message);

    /// <summary>The caller may do this, but not now.</summary>
    /// <param name="Code">A stable, machine-readable code.</param>
    /// <param name="Message">A message for people.</param>
    /// <param name="RetryAfter">Seconds to wait before retrying.</param>
    public sealed record TooMany(string Code, string Message, int RetryAfter) : Refusal(Code, Message);

    /// <summary>The request has faults, each with its path.</summary>
    public sealed record Invalid(IReadOnlyList<Fault> Faults)
        : Refusal("invalid", $"The request has {Faults.Count} fault{(Faults.Count == 1 ? "" : "s")}.");
}
