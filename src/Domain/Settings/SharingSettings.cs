namespace LoraDrop.Domain;

/// <summary>What layers use that do not keep their own LoRA.</summary>
public enum Remainder
{
    /// <summary>One LoRA per module type, shared by these layers.</summary>
    Share,

    /// <summary>No LoRA ("w/o share" in table 5 of the paper).</summary>
    None,
}

/// <summary>How the layers that keep their own LoRA are selected (table 5 of the paper). All but importance are ablations. All keep the
/// same number of layers, except inverse, which keeps the rest.</summary>
public enum Selection
{
    /// <summary>The most important layers.</summary>
    Importance,

    /// <summary>All but the most important layers.</summary>
    Inverse,

    /// <summary>Random layers drawn from the seed, the same for every module type.</summary>
    Random,

    /// <summary>The upper layers.</summary>
    Top,
}

/// <summary>Stage 2: which layers keep their own LoRA, and what the others use (section 3.2 of the paper).</summary>
public sealed record SharingSettings
{
    /// <summary>T, the cumulative importance the kept layers must reach; (0, 1], default 0.9; 1 keeps every layer. Null if
    /// <see cref="Keep"/> is given.</summary>
    public double? Threshold { get; init; } = 0.9;

    /// <summary>k, the number of layers per module type that keep their own LoRA, instead of <see cref="Threshold"/>; at least 1, default
    /// null.</summary>
    public int? Keep { get; init; }

    /// <summary>What the other layers use; default <c>share</c>.</summary>
    public Remainder Remainder { get; init; } = Remainder.Share;

    /// <summary>How kept layers are selected; default <c>importance</c>.</summary>
    public Selection Select { get; init; } = Selection.Importance;

    /// <summary>Whether kept adapters start from their stage 1 weights; default false: newly initialised, as in ordinary LoRA.</summary>
    public bool WarmStart { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        if (Threshold is not (null or (> 0 and <= 1))) yield return new($"{path}.threshold", $"must lie in (0, 1]; got {Threshold}");
        if (Keep < 1) yield return new($"{path}.keep", $"must be at least 1; got {Keep}");
        if (Threshold is null == Keep is null) yield return new($"{path}.keep", "cannot be combined with threshold: give one of them");
    }

    internal static SharingSettings Read(JsonFields fields)
    {
        var defaults = new SharingSettings();
        var keep = fields.Integer("keep");
        return new SharingSettings
        {
            Threshold = fields.Number("threshold") ?? (keep is null ? defaults.Threshold : null),
            Keep = keep,
            Remainder = fields.Choice<Remainder>("remainder") ?? defaults.Remainder,
            Select = fields.Choice<Selection>("select") ?? defaults.Select,
            WarmStart = fields.Flag("warmStart") ?? defaults.WarmStart,
        };
    }
}
