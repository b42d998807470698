using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Training;

/// <summary>One evaluation during training.</summary>
/// <param name="Step">Completed optimiser steps.</param>
/// <param name="Scores">The scores.</param>
/// <param name="Loss">Mean loss over the validation split; finite.</param>
public sealed record EvaluationAt(int Step, Scores Scores, double Loss)
{
    /// <summary>Whether it is better than an earlier one, by the primary metric.</summary>
    /// <remarks>A defined value beats an undefined one; if both are undefined, the lower loss wins.</remarks>
    public bool Beats(EvaluationAt? earlier) => earlier is null || (Scores.Undefined, earlier.Scores.Undefined) switch
    {
        (null, not null) => true,
        (not null, not null) => Loss < earlier.Loss,
        _ => Scores.Beats(earlier.Scores),
    };
}

/// <summary>The progress of training. With the parameters and the optimiser's state it is all that resuming needs: batches and dropout
/// masks are functions of the seed and the step.</summary>
public sealed record TrainingProgress(Stage Stage, int Step, int EvaluatedAt, EvaluationAt? Best, int WorseInARow,
    IReadOnlyList<EvaluationAt> History)
{
    public static TrainingProgress Start(Stage stage) => new(stage, 0, 0, null, 0, []);

    /// <summary>The progress after an evaluation.</summary>
    /// <param name="evaluation">The evaluation.</param>
    /// <param name="settled">Whether the numbers can be the result; else it is neither the best nor one without a better
    /// score.</param>
    public TrainingProgress With(EvaluationAt evaluation, bool settled = true)
    {
        if (!settled) return this with { EvaluatedAt = evaluation.Step, History = [.. History, evaluation] };
        var better = evaluation.Beats(Best);
        return this with
        {
            EvaluatedAt = evaluation.Step,
            Best = better ? evaluation : Best,
            WorseInARow = better ? 0 : WorseInARow + 1,
            History = [.. History, evaluation],
        };
    }
}

/// <summary>A checkpoint file: parameters, optimiser, the best parameters so far, and <see cref="TrainingProgress"/>; written
/// atomically.</summary>
public static class Checkpoint
{
    /// <summary>The format written, and the only one read: incremented when the meaning of a file changes, so that no other version
    /// misreads it.</summary>
    public const int Format = 1;

    private const string ProgressKey = "progress";

    /// <summary>Not <c>format</c>, which in a safetensors file names the library that wrote it. A file without it is format 1: the first
    /// ones did not store it.</summary>
    private const string FormatKey = "checkpoint_format";

    public static void Save(string path, Adapter adapter, AdamW adamw, Tensor best, TrainingProgress progress) =>
        SafeTensorsWriter.Write(path, Tensors(adapter, adamw, best).ToDictionary(),
        new Dictionary<string, string> { [FormatKey] = $"{Format}", [ProgressKey] = JsonSerializer.Serialize(progress, JsonText.Options) });

    /// <summary>Reads a checkpoint's progress.</summary>
    /// <exception cref="RefusedInputException">The file is not a checkpoint.</exception>
    /// <exception cref="UnknownFormatException">The checkpoint has another format.</exception>
    public static TrainingProgress ProgressOf(string path)
    {
        using var file = Open(path);
        try
        {
            if (file.Metadata.TryGetValue(ProgressKey, out var json)
                && JsonSerializer.Deserialize<TrainingProgress>(json, JsonText.Options) is { } progress)
                return progress;
        }
        catch (JsonException) { } // refused below, as a file without progress
        throw new RefusedInputException(path, "is not a checkpoint of a run");
    }

    /// <summary>Loads a checkpoint's numbers into adapter, optimiser and best parameters.</summary>
    public static void Load(string path, Adapter adapter, AdamW adamw, Tensor best)
    {
        using var file = Open(path);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (name, target) in Tensors(adapter, adamw, best))
        {
            if (!file.Contains(name) || !file.ShapeOf(name).SequenceEqual(target.shape))
                throw new RefusedInputException(path, $"tensor '{name}' does not fit this run");
            target.copy_(file.Read(name));
        }
    }

    /// <summary>Everything that a step changes; a method's own state under <c>method.</c>.</summary>
    private static IEnumerable<KeyValuePair<string, Tensor>> Tensors(Adapter adapter, AdamW adamw, Tensor best) =>
    [
        new("values", adapter.Parameters.Values), new("adamw.mean", adamw.Mean), new("adamw.square", adamw.Square), new("best", best),
        .. adapter.Tuning.State.Select(state => KeyValuePair.Create($"method.{state.Key}", state.Value)),
    ];

    private static SafeTensorsFile Open(string path)
    {
        var file = SafeTensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(FormatKey, out var format) || format == $"{Format}") return file;
        file.Dispose();
        throw new UnknownFormatException(path, "checkpoint", format, Format);
    }
}
