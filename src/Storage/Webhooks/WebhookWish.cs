using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>What a webhook is to be; of a change, what is null stays as it is.</summary>
/// <param name="Url">Where to send to.</param>
/// <param name="Types">What it hears of.</param>
/// <param name="Description">For people; an empty one takes it away.</param>
/// <param name="AllOwners">Whether it hears of everybody's jobs.</param>
/// <param name="Enabled">Whether anything is sent.</param>
public sealed record WebhookWish(string? Url, IReadOnlyList<string>? Types, string? Description, bool? AllOwners, bool? Enabled)
{
    public const int LongestDescription = 255;

    /// <summary>Reads a new one strictly.</summary>
    /// <exception cref="RefusedInputException">With all faults at once.</exception>
    public static WebhookWish Parse(string json) =>
        Read(json, fields => new(fields.RequiredText("url"), fields.Texts("events"), fields.Text("description"), fields.Flag("allOwners"),
            fields.Flag("enabled")));

    /// <summary>Reads a change strictly; a description that is given as null is taken away.</summary>
    /// <exception cref="RefusedInputException">With all faults at once.</exception>
    public static WebhookWish ParseChange(string json) =>
        Read(json, fields => new(fields.Text("url"), fields.Texts("events"), fields.IsNull("description") ? "" : fields.Text("description"),
            fields.Flag("allOwners"), fields.Flag("enabled")));

    private static WebhookWish Read(string json, Func<JsonFields, WebhookWish> read)
    {
        var faults = new List<Fault>();
        var wish = JsonFields.Read(json, faults, read);
        faults.AddRange(wish.Faults());
        return faults.Count == 0 ? wish : throw new RefusedInputException(faults);
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
