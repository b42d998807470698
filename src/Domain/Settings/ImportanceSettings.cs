using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>The scope in which importance sums to 1 and the threshold applies.</summary>
public enum ImportanceScope
{
    /// <summary>The layers of each module type separately (appendix A.1 of the paper).</summary>
    PerType,

    /// <summary>Whole layers: the g of a layer's modules are summed, and all of them are kept or shared together.</summary>
    Joint,
}

/// <summary>Stage 1: how the importance of each layer's LoRA is measured (section 3.1 of the paper).</summary>
public sealed record ImportanceSettings
{
    /// <summary>α, the fraction of the training set on which importance is measured, stratified by label; (0, 1], default 0.1. Ignored with
    /// <see cref="From"/>.</summary>
    /// <remarks>At least one example per label is used, however small the fraction.</remarks>
    public double SampleRatio { get; init; } = 0.1;

    /// <summary>n, the number of epochs over the sample; at least 1, default 3. Null if <see cref="Steps"/> is given. Ignored with
    /// <see cref="From"/>.</summary>
    public int? Epochs { get; init; } = 3;

    /// <summary>Number of optimiser steps on the sample, instead of <see cref="Epochs"/>; at least 1, default null. The paper's study of α
    /// uses equal steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Importance to reuse instead of measuring it: the id of a job, or a path on the command line; default null.</summary>
    public string? From { get; init; }

    /// <summary>The scope in which importance sums to 1 and the threshold applies; default <c>per-type</c>.</summary>
    public ImportanceScope Scope { get; init; } = ImportanceScope.PerType;

    /// <summary>Whether the same sample is measured once more after task adaptation, with kept and shared branches trained (figures 9 and
    /// 10 of the paper): <c>outputs</c> of result.json. Default null: no.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? After { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        if (SampleRatio is not (> 0 and <= 1)) yield return new($"{path}.sampleRatio", $"must lie in (0, 1]; got {SampleRatio}");
        if (Epochs < 1) yield return new($"{path}.epochs", $"must be at least 1; got {Epochs}");
        if (Steps < 1) yield return new($"{path}.steps", $"must be at least 1; got {Steps}");
        if (Epochs is null == Steps is null) yield return new($"{path}.steps", "cannot be combined with epochs: give one of them");
    }

    internal static ImportanceSettings Read(JsonFields fields)
    {
        var defaults = new ImportanceSettings();
        var steps = fields.Integer("steps");
        return new ImportanceSettings
        {
            SampleRatio = fields.Number("sampleRatio") ?? defaults.SampleRatio,
            Epochs = fields.Integer("epochs") ?? (steps is null ? defaults.Epochs : null),
            Steps = steps,
            From = fields.Text("from"),
            After = fields.Flag("after"),
            Scope = fields.Choice<ImportanceScope>("scope") ?? defaults.Scope,
        };
    }
}
