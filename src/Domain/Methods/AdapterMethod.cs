using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Where a bottleneck is.</summary>
public enum AdapterPlacement
{
    /// <summary>Behind a layer, whose output it reads (Houlsby et al. 2019, arXiv 1902.00751).</summary>
    Serial,

    /// <summary>Beside the attention or feed-forward that a layer ends, whose input it reads (He et al. 2022, arXiv 2110.04366).</summary>
    Parallel,
}

/// <summary>Adapters: y = h + U·gelu(D h + b) + c behind a layer's output h (Houlsby et al. 2019, section 2.1), or
/// y = h + s·(U·relu(D x + b) + c) beside a sublayer with the input x (He et al. 2022, section 3.3).</summary>
public sealed record AdapterSettings : BranchSettings
{
    /// <summary>The projections of attention and feed-forward, behind which Houlsby et al. place adapters.</summary>
    public AdapterSettings() => Targets = ["o", "down"];

    /// <summary>The width of the bottleneck; at least 1, default 64 (the largest but one in Houlsby et al. 2019, section 3.1).</summary>
    public int Bottleneck { get; init; } = 64;

    /// <summary>How many of the lowest layers get none (AdapterDrop, Rücklé et al. 2021, arXiv 2010.11918); at least 0, default
    /// 0.</summary>
    public int DropLayers { get; init; }

    /// <summary>Where the bottlenecks are; default <c>serial</c>. A parallel one starts without effect, as LoRA does; its layers must end
    /// an attention or a feed-forward: <c>o</c>, <c>down</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AdapterPlacement? Placement { get; init; }

    /// <summary>s, the factor of what a parallel bottleneck adds; above 0, default 4 (the public code's). It does not apply to
    /// <c>serial</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Scale { get; init; }

    /// <summary>s, if none is given.</summary>
    public const double DefaultScale = 4;

    /// <summary>Whether the bottlenecks are beside the sublayers.</summary>
    [JsonIgnore]
    public bool IsParallel => Placement == AdapterPlacement.Parallel;

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Bottleneck, DropLayers];

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Bottleneck < 1) yield return new($"{path}.bottleneck", $"must be at least 1; got {Bottleneck}");
        if (Scale is not (null or (> 0 and < double.PositiveInfinity))) yield return new($"{path}.scale", $"must be above 0; got {Scale}");
        if (Scale is not null && !IsParallel) yield return new($"{path}.scale", "applies only to the placement parallel");
        if (DropLayers < 0) yield return new($"{path}.dropLayers", $"must be at least 0; got {DropLayers}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    public override IEnumerable<Fault> FitFaults(string path, IReadOnlyList<LinearModule> layers)
    {
        foreach (var fault in base.FitFaults(path, layers)) yield return fault;
        var ends = TargetLayers.Chosen(["o", "down"], layers);
        string[] within = [.. TargetLayers.Chosen(Targets, layers).Except(ends).Select(layer => layer.Type).Distinct()];
        if (IsParallel && within.Length > 0)
            yield return new($"{path}.targets", $"must end an attention or a feed-forward where the placement is parallel: "
                + $"{string.Join(", ", ends.Select(layer => layer.Type).Distinct())}; {string.Join(", ", within)} do not");
        var count = layers.GroupBy(layer => layer.Type).Select(type => type.Count()).DefaultIfEmpty().Max();
        if (DropLayers >= count && count > 0)
            yield return new($"{path}.dropLayers", $"must leave at least one of the model's {count} layers; got {DropLayers}");
    }

    public override bool IsPlacedOn(int layer) => layer >= DropLayers;

    /// <summary>D (m, k), b (m), U (k, m) and c (k), behind a layer whose output has k numbers, or beside a sublayer, which has as
    /// many.</summary>
    protected override long OwnNumbers(LinearModule layer) => 2 * layer.Out * Bottleneck + Bottleneck + layer.Out;
}

/// <summary>Bottlenecks behind the layers.</summary>
public sealed class AdapterMethod : Method<AdapterSettings>
{
    public override string Name => "adapter";

    public override string Title => "Adapters";

    public override string Summary => "A bottleneck of two small layers behind each attention and each feed-forward, or beside them.";

    public override string Source => "Houlsby et al. 2019, arXiv 1902.00751";

    public override MethodExport Export => MethodExport.OwnFile;

    internal override AdapterSettings Read(JsonFields fields, AdapterSettings defaults) => BranchSettings.Read(fields, defaults) with
    {
        Bottleneck = fields.Integer("bottleneck") ?? defaults.Bottleneck,
        DropLayers = fields.Integer("dropLayers") ?? defaults.DropLayers,
        Placement = fields.Choice<AdapterPlacement>("placement"),
        Scale = fields.Number("scale"),
    };
}
