namespace LoraDrop.Domain;

/// <summary>The low-rank adapters: h = W x + (α/r) B A x (equation 1 of the paper).</summary>
public sealed record LoraSettings
{
    /// <summary>r, the rank of A and B; at least 1, default the preset's, else 8 (the paper's GLUE runs).</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α, the output of an adapter is scaled by α/r; above 0, default the preset's, else 8 (Hu et al. 2021, table 9).</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>Dropout probability of the adapter's inputs during training; [0, 1), default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Module types that get an adapter in every layer, by the model's names, part (<c>q</c>, <c>up</c>) or set (<c>attention</c>,
    /// <c>feed-forward</c>, <c>all-linear</c>); default the preset's, else query and value (the paper's GLUE runs).</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["query", "value"];

    public IEnumerable<Fault> Faults(string path)
    {
        if (Rank < 1) yield return new($"{path}.rank", $"must be at least 1; got {Rank}");
        if (Alpha is not (> 0 and < double.PositiveInfinity)) yield return new($"{path}.alpha", $"must be above 0; got {Alpha}");
        if (Dropout is not (>= 0 and < 1)) yield return new($"{path}.dropout", $"must lie in [0, 1); got {Dropout}");
        if (Targets.Count == 0) yield return new($"{path}.targets", "must name at least one module type");
        if (Targets.Distinct().Count() < Targets.Count) yield return new($"{path}.targets", "must not contain duplicates");
    }

    internal static LoraSettings Read(JsonFields fields, TaskPreset? preset)
    {
        var defaults = preset?.Lora ?? new();
        return new LoraSettings
        {
            Rank = fields.Integer("rank") ?? defaults.Rank,
            Alpha = fields.Number("alpha") ?? defaults.Alpha,
            Dropout = fields.Number("dropout") ?? defaults.Dropout,
            Targets = fields.Texts("targets") ?? defaults.Targets,
        };
    }
}
