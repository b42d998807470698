using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

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

/// <summary>What keeps a LoRA of its own: whole layers, or single ranks.</summary>
public enum Granularity
{
    /// <summary>Layers: each keeps its LoRA with all ranks, or shares one (the paper).</summary>
    Layer,

    /// <summary>Output directions: each layer keeps as many ranks as its LoRA has directions among those that together reach T over all
    /// layers of a module type. Layers that keep none share a LoRA.</summary>
    Rank,
}

/// <summary>T, the cumulative importance that must be reached, or <c>auto</c>: keep ⌈1/Σ I²⌉, the number over which importance is
/// effectively spread.</summary>
/// <param name="T">In (0, 1]; null: auto.</param>
[JsonConverter(typeof(ThresholdJson))]
public readonly record struct Threshold(double? T)
{
    public const string AutoName = "auto";

    public static Threshold Auto { get; } = new(null);

    public bool IsAuto => T is null;

    public static implicit operator Threshold(double T) => new(T);

    /// <summary>The fault of a T outside its range; null if there is none.</summary>
    public string? Fault => T is null or (> 0 and <= 1) ? null : $"must lie in (0, 1]; got {T}";

    public override string ToString() => T?.ToString(CultureInfo.InvariantCulture) ?? AutoName;
}

/// <summary>Writes a threshold as a number or "auto".</summary>
public sealed class ThresholdJson : JsonConverter<Threshold>
{
    public override Threshold Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number => reader.GetDouble(),
        JsonTokenType.String when reader.ValueTextEquals(Threshold.AutoName) => Threshold.Auto,
        _ => throw new JsonException($"must be a number or \"{Threshold.AutoName}\""),
    };

    public override void Write(Utf8JsonWriter writer, Threshold value, JsonSerializerOptions options)
    {
        if (value.T is { } T) writer.WriteNumberValue(T);
        else writer.WriteStringValue(Threshold.AutoName);
    }
}

/// <summary>Stage 2: which layers keep their own LoRA, and what the others use (section 3.2 of the paper).</summary>
public sealed record SharingSettings
{
    /// <summary>Why ranks cannot be cut.</summary>
    internal const string NoEnergies = "cannot be rank: the importance was measured without the energies of the LoRAs' directions; "
        + "measure it again";

    /// <summary>T, the cumulative importance the kept layers must reach; (0, 1], default 0.9; 1 keeps every layer. <c>auto</c> keeps as
    /// many as importance is effectively spread over, ⌈1/Σ I²⌉. Null if <see cref="Keep"/> is given.</summary>
    public Threshold? Threshold { get; init; } = 0.9;

    /// <summary>k, the number of layers per module type that keep their own LoRA, instead of <see cref="Threshold"/>; at least 1, default
    /// null.</summary>
    public int? Keep { get; init; }

    /// <summary>Whether whole layers keep their LoRA, or single ranks of it; default <c>layer</c>, the paper's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Granularity? Granularity { get; init; }

    /// <summary>Whether single ranks keep a LoRA.</summary>
    [JsonIgnore]
    public bool IsByRank => Granularity == Domain.Granularity.Rank;

    /// <summary>What the other layers use; default <c>share</c>.</summary>
    public Remainder Remainder { get; init; } = Remainder.Share;

    /// <summary>How kept layers are selected; default <c>importance</c>.</summary>
    public Selection Select { get; init; } = Selection.Importance;

    /// <summary>Whether kept adapters start from their stage 1 weights; default false: newly initialised, as in ordinary LoRA.</summary>
    public bool WarmStart { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        if (Threshold?.Fault is { } outside) yield return new($"{path}.threshold", outside);
        if (Keep < 1) yield return new($"{path}.keep", $"must be at least 1; got {Keep}");
        if (Threshold is null == Keep is null) yield return new($"{path}.keep", "cannot be combined with threshold: give one of them");
        if (!IsByRank) yield break;
        if (Keep is not null)
            yield return new($"{path}.keep", "counts layers, and does not apply to the granularity rank; give a threshold");
        if (Select != Selection.Importance)
            yield return new($"{path}.select", $"must be importance with the granularity rank; got {JsonText.NameOf(Select)}");
    }

    internal static SharingSettings Read(JsonFields fields)
    {
        var defaults = new SharingSettings();
        var keep = fields.Integer("keep");
        return new SharingSettings
        {
            Threshold = fields.Threshold("threshold") ?? (keep is null ? defaults.Threshold : null),
            Granularity = fields.Choice<Granularity>("granularity"),
            Keep = keep,
            Remainder = fields.Choice<Remainder>("remainder") ?? defaults.Remainder,
            Select = fields.Choice<Selection>("select") ?? defaults.Select,
            WarmStart = fields.Flag("warmStart") ?? defaults.WarmStart,
        };
    }
}
