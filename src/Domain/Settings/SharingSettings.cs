namespace LoraDrop.Domain;

/// <summary>What the layers get that keep no LoRA of their own.</summary>
public enum Remainder
{
    /// <summary>One LoRA per module type, shared by all of them.</summary>
    Share,

    /// <summary>Nothing ("w/o share" in table 5 of the paper).</summary>
    None,
}

/// <summary>Which layers keep a LoRA of their own (table 5 of the paper); all but the first are ablations. They keep as many, the inverse as many as the others are.</summary>
public enum Selection
{
    /// <summary>The most important.</summary>
    Importance,

    /// <summary>The others: the important layers share.</summary>
    Inverse,

    /// <summary>Drawn from the seed, the same layers of every module type.</summary>
    Random,

    /// <summary>The upper layers.</summary>
    Top,
}

/// <summary>Stage 2: which layers keep a LoRA of their own, and what becomes of the others (section 3.2 of the paper).</summary>
public sealed record SharingSettings
{
    /// <summary>T, the share of importance that the kept layers reach; (0, 1], default 0.9; 1 keeps every layer. Null where <see cref="Keep"/> counts instead.</summary>
    public double? Threshold { get; init; } = 0.9;

    /// <summary>k, how many layers of each module type keep their LoRA, instead of <see cref="Threshold"/>; at least 1, default null.</summary>
    public int? Keep { get; init; }

    /// <summary>What the other layers get; default <c>share</c>.</summary>
    public Remainder Remainder { get; init; } = Remainder.Share;

    /// <summary>Which layers are kept; default <c>importance</c>.</summary>
    public Selection Select { get; init; } = Selection.Importance;

    /// <summary>Whether kept adapters start as stage 1 left them; default false: fresh, like a plain LoRA run.</summary>
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
