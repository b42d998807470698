using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A request to register a model or dataset.</summary>
/// <param name="Name">Name: 1 to 63 characters of a-z, A-Z, 0-9, '.', '_' and '-', starting with a letter or digit.</param>
/// <param name="Source">Source: <c>hf:FacebookAI/roberta-base</c>, <c>hf:nyu-mll/glue#rte</c>, <c>file:/absolute/path</c> (embedded service
/// only), or <c>s3://bucket/folder</c> (allowed buckets only).</param>
/// <param name="Shared">Whether all owners can use it; admins only. Default false: it belongs to the caller's owner.</param>
public sealed record Registration(string Name, string Source, bool Shared = false)
{
    /// <summary>Parses a registration strictly.</summary>
    /// <exception cref="RefusedInputException">With all faults at once.</exception>
    public static Registration Parse(string json)
    {
        var faults = new List<Fault>();
        var registration = JsonFields.Read(json, faults,
            fields => new Registration(fields.RequiredText("name"), fields.RequiredText("source"), fields.Flag("shared") ?? false));
        return faults.Count == 0 ? registration : throw new RefusedInputException(faults);
    }
}
