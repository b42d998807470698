using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The settings of a new webhook, or of an update, which leaves null fields unchanged.</summary>
/// <param name="Url">The receiver's address.</param>
/// <param name="Types">The event types to receive.</param>
/// <param name="Description">For people; empty removes it.</param>
/// <param name="AllOwners">Whether to receive events of everyone's jobs.</param>
/// <param name="Enabled">Whether deliveries are sent.</param>
public sealed record WebhookSettings(string? Url, IReadOnlyList<string>? Types, string? Description, bool? AllOwners, bool? Enabled)
{
    public const int LongestDescription = 255;

    /// <summary>Parses and validates the settings of a new webhook.</summary>
    /// <exception cref="RefusedInputException">All faults at once.</exception>
    public static WebhookSettings Parse(string json) =>
        Read(json, fields => new(fields.RequiredText("url"), fields.Texts("events"), fields.Text("description"), fields.Flag("allOwners"),
            fields.Flag("enabled")));

    /// <summary>Parses and validates an update; a null description removes it.</summary>
    /// <exception cref="RefusedInputException">All faults at once.</exception>
    public static WebhookSettings ParseChange(string json) =>
        Read(json, fields => new(fields.Text("url"), fields.Texts("events"), fields.IsNull("description") ? "" : fields.Text("description"),
            fields.Flag("allOwners"), fields.Flag("enabled")));

    private static WebhookSettings Read(string json, Func<JsonFields, WebhookSettings> read)
    {
        var faults = new List<Fault>();
        var settings = JsonFields.Read(json, faults, read);
        faults.AddRange(settings.Faults());
        return faults.Count == 0 ? settings : throw new RefusedInputException(faults);
    }

    private IEnumerable<Fault> Faults()
    {
        if (Description?.Length > LongestDescription)
            yield return new("description", $"must have at most {LongestDescription} characters; got {Description.Length}");
        if (Types is null) yield break;
        if (Types.Count == 0) yield return new("events", $"must name at least one; [\"{WebhookType.Every}\"] names all");
        string[] known = [WebhookType.Every, .. WebhookType.OfJobs];
        foreach (var (i, type) in Types.Index())
            if (!known.Contains(type))
                yield return new($"events[{i}]", $"must be one of {string.Join(", ", known)}; got "
                    + $"\"{(type.Length > 40 ? type[..40] + "…" : type)}\"{Spelling.Hint(type, known)}");
    }
}
