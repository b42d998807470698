using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Asks for an API key.</summary>
/// <param name="Name">For people: what it is used for; 1 to 100 characters.</param>
/// <param name="Role">read, submit or admin.</param>
/// <param name="Owner">To whom belongs what it makes; keys of one owner see the same. Default: its name. <c>*</c>, for role read only, sees
/// what belongs to anybody: for a dashboard.</param>
/// <param name="ExpiresAt">After this it is refused; default never.</param>
/// <param name="RequestsPerMinute">1 to 1,000,000; default the service's own limit.</param>
/// <param name="ActiveJobs">Jobs of its owner that may wait, run or be paused at a time, 0 to 100,000; default the service's own
/// limit.</param>
public sealed record KeyRequest(string Name, Role Role, string? Owner = null, DateTimeOffset? ExpiresAt = null,
    int? RequestsPerMinute = null, int? ActiveJobs = null)
{
    /// <summary>To whom belongs what the key makes.</summary>
    public string Whose => Owner ?? Name.Trim();

    /// <summary>Reads it strictly.</summary>
    /// <param name="json">The body.</param>
    /// <param name="now">A key must expire later.</param>
    /// <exception cref="RefusedInputException">With all faults at once.</exception>
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
        var told = faults.Select(fault => fault.Path).ToHashSet();
        faults.AddRange(request.Faults(now).Where(fault => !told.Contains(fault.Path)));
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

    /// <summary>Why a text can be no owner; null where it can.</summary>
    public static string? OwnerFault(string owner) => owner.Length is < 1 or > 200 ? "must have 1 to 200 characters" : owner.Trim() != owner
        ? "must not begin or end with a space"
        : PlainText.Fault(owner);
}
