using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>Asks for a model or a dataset to be registered.</summary>
/// <param name="Name">The name for requests; 1 to 63 characters of a-z, A-Z, 0-9, '.', '_' and '-', a letter or digit first.</param>
/// <param name="Source">Where it is: <c>hf:FacebookAI/roberta-base</c>, <c>hf:nyu-mll/glue#rte</c>, <c>file:/absolute/path</c> on the machine of an embedded service, or <c>s3://bucket/folder</c> where the service may read that bucket.</param>
/// <param name="Shared">Whether everybody may use it; only an admin may say so. Default false: it is the caller's own.</param>
public sealed record Registration(string Name, string Source, bool Shared = false)
{
    /// <summary>Reads it strictly.</summary>
    /// <exception cref="RefusedInputException">With all faults at once.</exception>
    public static Registration Parse(string json)
    {
        var faults = new List<Fault>();
        var registration = JsonFields.Read(json, faults, fields => new Registration(fields.RequiredText("name"), fields.RequiredText("source"), fields.Flag("shared") ?? false));
        return faults.Count == 0 ? registration : throw new RefusedInputException(faults);
    }
}
