using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>A request to create an API key.</summary>
/// <param name="Name">What the key is used for, 1 to 100 characters; only displayed.</param>
/// <param name="Role">read, submit or admin.</param>
/// <param name="Owner">The owner of everything created with the key; keys of one owner see the same. Default: the key's name. <c>*</c>, for
/// role read only, sees everyone's resources, for example for a dashboard.</param>
/// <param name="ExpiresAt">When it expires; default never.</param>
/// <param name="RequestsPerMinute">1 to 1,000,000; default the service's limit.</param>
/// <param name="ActiveJobs">Maximum number of waiting, running and paused jobs of its owner, 0 to 100,000; default the service's
/// limit.</param>
public sealed record KeyRequest(string Name, Role Role, string? Owner = null, DateTimeOffset? ExpiresAt = null,
    int? RequestsPerMinute = null, int? ActiveJobs = null)
{
    /// <summary>The owner of everything created with the key.</summary>
    public string Whose => Owner ?? Name.Trim();

    /// <summary>Parses and validates a request.</summary>
    /// <param name="json">The body.</param>
    /// <param name="now">The current time; a key must expire later.</param>
    /// <exception cref="RefusedInputException">All faults at once.</exception>
    public static KeyRequest Parse(string json, DateTimeOffset now)
    {
        var faults = new List<Fault>();
        var request = JsonFields.Read(json, faults, fields =>
        {
            if (!fields.Has("role")) fields.Refuse("role", "is required: read, submit or admin");
            var role = fields.Choice<Role>("role");
            return new KeyRequest(fields.RequiredText("name"), role ?? Role.Read, fields.Text("owner"), fields.Time("expiresAt"),
                fields.Integer("requestsPerMinute"), fields.Integer("activeJobs"));
        });
        var reported = faults.Select(fault => fault.Path).ToHashSet();
        faults.AddRange(request.Faults(now).Where(fault => !reported.Contains(fault.Path)));
        return faults.Count == 0 ? request : throw new RefusedInputException(faults);
    }

    public IEnumerable<Fault> Faults(DateTimeOffset now)
    {
        if (Name.Length is < 1 or > 100) yield return new("name", "must have 1 to 100 characters");
        if (PlainText.Fault(Name) is { } strange) yield return new("name", strange);
        if (Owner is not null && OwnerFault(Owner) is { } wrong) yield return new("owner", wrong);
        if (Whose == Caller.Everybody && Role != Role.Read)
            yield return new(Owner is null ? "name" : "owner", "can be * for the role read only");
        if (ExpiresAt <= now) yield return new("expiresAt", "must lie in the future");
        if (RequestsPerMinute is < 1 or > 1_000_000)
            yield return new("requestsPerMinute", $"must lie in 1 to 1000000; got {RequestsPerMinute}");
        if (ActiveJobs is < 0 or > 100_000) yield return new("activeJobs", $"must lie in 0 to 100000; got {ActiveJobs}");
    }

    /// <summary>Why a text cannot be an owner; null if it can.</summary>
    public static string? OwnerFault(string owner) => owner.Length is < 1 or > 200 ? "must have 1 to 200 characters" : owner.Trim() != owner
        ? "must not begin or end with a space"
        : PlainText.Fault(owner);
}
