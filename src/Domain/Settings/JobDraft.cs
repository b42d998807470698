namespace LoraDrop.Domain;

/// <summary>A request as it was read, faults and all, so that what stands in it without fault can be judged further and all faults are told at once.</summary>
/// <param name="Request">What could not be read is its default.</param>
/// <param name="Faults">What is wrong with it by itself.</param>
public sealed record JobDraft(JobRequest Request, IReadOnlyList<Fault> Faults)
{
    /// <exception cref="RefusedInputException">The text is not a JSON object.</exception>
    public static JobDraft Read(string json)
    {
        var faults = new List<Fault>();
        var request = JsonFields.Read(json, faults, JobRequest.Read);
        var unread = faults.Select(f => f.Path).ToHashSet();   // reads as its default, which is not the caller's to mend
        faults.AddRange(request.Faults().Where(f => !unread.Contains(f.Path)));
        return new(request, faults);
    }

    /// <summary>Whether a field, and all within it, stands without fault.</summary>
    public bool IsSound(string path) => !Faults.Any(f => f.Path == path || f.Path.StartsWith($"{path}.", StringComparison.Ordinal));
}
