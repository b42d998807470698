namespace LoraDrop.Domain;

/// <summary>What sums to 1 and is cut at the threshold.</summary>
public enum ImportanceScope
{
    /// <summary>The layers of each module type apart (appendix A.1 of the paper).</summary>
    PerType,

    /// <summary>A layer as a whole: the g of its modules are added first, and all of them share its fate.</summary>
    Joint,
}

/// <summary>Stage 1: how the importance of each layer's LoRA is measured (section 3.1 of the paper).</summary>
public sealed record ImportanceSettings
{
    /// <summary>α, the share of the training set that importance is measured on, stratified by label; (0, 1], default 0.1. Unused with <see cref="From"/>.</summary>
    /// <remarks>At least one example per label is taken, however small the share.</remarks>
    public double SampleRatio { get; init; } = 0.1;

    /// <summary>n, passes over the sample; at least 1, default 3. Null where <see cref="Steps"/> counts instead. Unused with <see cref="From"/>.</summary>
    public int? Epochs { get; init; } = 3;

    /// <summary>Optimiser steps on the sample, instead of <see cref="Epochs"/>; at least 1, default null. The paper's study of α uses equal steps.</summary>
    public int? Steps { get; init; }

    /// <summary>An importance result to use again instead of measuring: a job, or for the command line a path; default null.</summary>
    public string? From { get; init; }

    /// <summary>What sums to 1 and is cut at the threshold; default <c>per-type</c>.</summary>
    public ImportanceScope Scope { get; init; } = ImportanceScope.PerType;

    public IEnumerable<Fault> Faults(string path)
    {
        if (SampleRatio is not (> 0 and <= 1)) yield return new($"{path}.sampleRatio", $"must lie in (0, 1]; got {SampleRatio}");
        if (Epochs < 1) yield return new($"{path}.epochs", $"must be at least 1; got {Epochs}");
        if (Steps < 1) yield return new($"{path}.steps", $"must be at least 1; got {Steps}");
        if (Epochs is null == Steps is null) yield return new($"{path}.steps", "is given instead of epochs, not beside them");
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
            Scope = fields.Choice<ImportanceScope>("scope") ?? defaults.Scope,
        };
    }
}
