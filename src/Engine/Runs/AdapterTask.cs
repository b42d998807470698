using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>What an adapter needs for inference besides its parameters: loradrop.json in its folder.</summary>
/// <param name="BaseModel">The base model as named by the run: a folder, if run from the command line.</param>
/// <param name="Task">Kind, columns, class names, metric.</param>
/// <param name="MaxLength">Length at which texts are truncated, in tokens.</param>
/// <param name="Weights">Storage format of the base model's frozen matrices during training; null: the device's default.</param>
public sealed record AdapterTask(string BaseModel, TaskSettings Task, int MaxLength, WeightKind? Weights = null)
{
    public const string FileName = "loradrop.json";

    /// <summary>Reads it from an adapter's folder.</summary>
    /// <exception cref="RefusedInputException">It is missing or not valid.</exception>
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
