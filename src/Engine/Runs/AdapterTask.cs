using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>What an adapter needs for use on text, besides its parameters: loradrop.json in its folder.</summary>
/// <param name="BaseModel">The base model as the run named it: a folder, where it was run from the command line.</param>
/// <param name="Task">Kind, columns, class names, metric.</param>
/// <param name="MaxLength">Where texts were cut, in tokens.</param>
/// <param name="Weights">How the base model's frozen matrices were kept while the adapter learnt beside them; null as the device has
/// them.</param>
public sealed record AdapterTask(string BaseModel, TaskSettings Task, int MaxLength, WeightKind? Weights = null)
{
    public const string FileName = "loradrop.json";

    /// <summary>Reads it from an adapter's folder.</summary>
    /// <exception cref="RefusedInputException">It is not there, or is something else.</exception>
    public static AdapterTask Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new RefusedInputException(path, "file not found. The adapter folder of a finished run is meant (<run>/adapter).");
        try
        {
            var read = JsonSerializer.Deserialize<AdapterTask>(File.ReadAllText(path), JsonText.Options) is { BaseModel: not null,
                Task: not null } task ? task
                : throw new JsonException("it names no base model or no task");
            Fault[] faults = [.. read.Task.Faults("task"), .. read.MaxLength < 4
                ? [new Fault("maxLength", $"must be at least 4; got {read.MaxLength}")]
                : (Fault[])[]];
            return faults.Length == 0
                ? read
                : throw new RefusedInputException([.. faults.Select(f => f with { Path = $"{path} {f.Path}" })]);
        }
        catch (JsonException malformed)
        {
            throw new RefusedInputException(path, $"is malformed ({malformed.Message})");
        }
    }
}
