namespace LoraDrop.Domain;

/// <summary>A parsed request with its faults, so that valid parts can be checked further and all faults are reported together.</summary>
/// <param name="Request">The request; fields that could not be read have their defaults.</param>
/// <param name="Faults">Faults of the request itself.</param>
public sealed record JobDraft(JobRequest Request, IReadOnlyList<Fault> Faults)
{
    /// <exception cref="RefusedInputException">The text is not a JSON object.</exception>
    public static JobDraft Read(string json)
    {
        var faults = new List<Fault>();
        var request = JsonFields.Read(json, faults, JobRequest.Read);
        var unread = faults.Select(f => f.Path).ToHashSet();   // has its default, whose faults are not the caller's
        faults.AddRange(request.Faults().Where(f => !unread.Contains(f.Path)));
        return new(request, faults);
    }

    /// <summary>Whether a field and everything in it has no fault.</summary>
    public bool IsValid(string path) => !Faults.Any(f => f.Path == path || f.Path.StartsWith($"{path}.", StringComparison.Ordinal));
}
