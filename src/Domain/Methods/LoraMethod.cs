using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Settings of methods with a low-rank pair: h = W x + (α/r) B A x, or a variation of it.</summary>
public abstract record LowRankSettings : BranchSettings
{
    /// <summary>r, the rank of A and B; at least 1, default the preset's, else 8 (the paper's GLUE runs).</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α, the output of an adapter is scaled by α/r; above 0, default the preset's, else 8 (Hu et al. 2021, table 9).</summary>
    public double Alpha { get; init; } = 8;

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Rank];

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Rank < 1) yield return new($"{path}.rank", $"must be at least 1; got {Rank}");
        if (Alpha is not (> 0 and < double.PositiveInfinity)) yield return new($"{path}.alpha", $"must be above 0; got {Alpha}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    public override IEnumerable<Fault> WidthFaults(string path, IReadOnlyList<LinearModule> layers)
    {
        if (TargetLayers.RankFault(Rank, layers, $"{path}.rank") is { } tooLarge) yield return tooLarge;
    }

    protected override long OwnNumbers(LinearModule layer) => Rank * (layer.In + layer.Out);
}

/// <summary>Where A and B start.</summary>
public enum LoraStart
{
    /// <summary>A Kaiming uniform, B zero (Hu et al. 2021).</summary>
    Zero,

    /// <summary>The r largest singular directions of the weight, which training moves away from (PiSSA, Meng et al. 2024, arXiv
    /// 2404.02948).</summary>
    Pissa,

    /// <summary>The first r columns and rows of the weight's QR decomposition (OLoRA, Büyükakyüz 2024, arXiv 2406.01775).</summary>
    Olora,
}

/// <summary>Which biases of the model are trained beside LoRA.</summary>
public enum LoraBias
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those of the layers that have a LoRA.</summary>
    LoraOnly,

    /// <summary>All of the model.</summary>
    All,
}

/// <summary>Low-rank adapters: h = W x + (α/r) B A x (equation 1 of the LoRA-drop paper).</summary>
public sealed record LoraSettings : LowRankSettings
{
    /// <summary>Whether outputs are scaled by α/√r instead of α/r (rsLoRA, Kalajdzievski 2023, arXiv 2312.03732); default no.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? RankStabilised { get; init; }

    /// <summary>The learning rate of B as a multiple of A's (LoRA+, Hayou et al. 2024, arXiv 2402.12354); at least 1, default 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PlusRatio { get; init; }

    /// <summary>Where A and B start; default <c>zero</c>. The others start from the weight of the layer, and so cannot be shared.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LoraStart? Start { get; init; }

    /// <summary>r of the layers whose path a pattern matches, instead of <see cref="LowRankSettings.Rank"/>; at least 1, default none. A
    /// pattern is a regular expression for the end of a path, after a dot, as in PEFT (<c>query</c>,
    /// <c>layer\.[0-3]\..*\.value</c>); the first that matches counts. A shared LoRA has no layer of its own, and keeps the rank.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, int>? RankPattern { get; init; }

    /// <summary>α of the layers whose path a pattern matches, instead of <see cref="LowRankSettings.Alpha"/>; above 0, default none.
    /// Patterns are those of <see cref="RankPattern"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? AlphaPattern { get; init; }

    /// <summary>Which biases of the model are trained beside LoRA; default <c>none</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LoraBias? Bias { get; init; }

    /// <summary>Modules of the model that are trained whole beside LoRA and saved with it, by the end of their names, as in PEFT
    /// (<c>LayerNorm</c>, <c>embed_tokens</c>, <c>lm_head</c>); default none. The head of a classifier is trained anyway.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>The factor of BAx: α/r, or α/√r.</summary>
    [JsonIgnore]
    public double Scale => ScaleOf(null);

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [Rank, .. (RankPattern?.Values ?? []).Select(rank => (long)rank)];

    /// <summary>Whether weights of the model are trained beside LoRA.</summary>
    [JsonIgnore]
    public bool TrainsWeights => TrainsBiases || ModulesToSave is { Count: > 0 };

    /// <summary>Whether biases of the model are trained beside LoRA.</summary>
    [JsonIgnore]
    public bool TrainsBiases => Bias is LoraBias.LoraOnly or LoraBias.All;

    /// <summary>r of a layer's own LoRA, or of a shared one.</summary>
    /// <param name="path">The layer's path; null: it is shared.</param>
    public int RankOf(string? path) => LayerPattern.First(RankPattern, path) ?? Rank;

    /// <summary>α of a layer's own LoRA, or of a shared one.</summary>
    /// <param name="path">The layer's path; null: it is shared.</param>
    public double AlphaOf(string? path) => LayerPattern.First(AlphaPattern, path) ?? Alpha;

    /// <summary>The factor of BAx in a layer's own LoRA, or in a shared one.</summary>
    /// <param name="path">The layer's path; null: it is shared.</param>
    public double ScaleOf(string? path) => AlphaOf(path) / (RankStabilised == true ? Math.Sqrt(RankOf(path)) : RankOf(path));

    /// <summary>Whether a module is one of <see cref="ModulesToSave"/>, or part of one.</summary>
    /// <param name="path">The module's name.</param>
    public bool IsSaved(string path) => ModulesToSave is { } saved && saved.Any(name => IsPartOf(name, path));

    /// <summary>Whether the name of a module, or of one that holds it, ends so: how PEFT finds the modules to save.</summary>
    public static bool IsPartOf(string name, string path) =>
        path.EndsWith(name, StringComparison.Ordinal) || path.Contains($"{name}.", StringComparison.Ordinal);

    /// <summary>Whether A and B start from the weight.</summary>
    [JsonIgnore]
    public bool StartsFromWeight => Start is LoraStart.Pissa or LoraStart.Olora;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (PlusRatio is not (null or (>= 1 and < double.PositiveInfinity)))
            yield return new($"{path}.plusRatio", $"must be at least 1; got {PlusRatio}");
        foreach (var fault in LayerPattern.Faults(RankPattern?.Keys, $"{path}.rankPattern")) yield return fault;
        foreach (var fault in LayerPattern.Faults(AlphaPattern?.Keys, $"{path}.alphaPattern")) yield return fault;
        foreach (var (pattern, rank) in RankPattern ?? new Dictionary<string, int>())
            if (rank < 1) yield return new($"{path}.rankPattern.{pattern}", $"must be at least 1; got {rank}");
        foreach (var (pattern, alpha) in AlphaPattern ?? new Dictionary<string, double>())
            if (alpha <= 0) yield return new($"{path}.alphaPattern.{pattern}", $"must be above 0; got {alpha}");
        if (ModulesToSave is { } saved && saved.Distinct().Count() < saved.Count)
            yield return new($"{path}.modulesToSave", "must not contain duplicates");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    public override IEnumerable<Fault> FitFaults(string path, IReadOnlyList<LinearModule> layers)
    {
        var targets = TargetLayers.Chosen(Targets, layers);
        return base.FitFaults(path, layers)
            .Concat(LayerPattern.UnusedFaults(RankPattern?.Keys, targets, $"{path}.rankPattern"))
            .Concat(LayerPattern.UnusedFaults(AlphaPattern?.Keys, targets, $"{path}.alphaPattern"))
            .Concat((ModulesToSave ?? []).Index().Where(saved => targets.Any(layer => IsPartOf(saved.Item, layer.Path)))
                .Select(saved => new Fault($"{path}.modulesToSave[{saved.Index}]",
                    $"'{saved.Item}' holds layers that get a LoRA: a weight is trained whole or by a LoRA, not both")));
    }

    public override IEnumerable<Fault> WidthFaults(string path, IReadOnlyList<LinearModule> layers)
    {
        foreach (var rank in layers.GroupBy(layer => RankOf(layer.Path)))
            if (TargetLayers.RankFault(rank.Key, [.. rank], $"{path}.{(rank.Key == Rank ? "rank" : "rankPattern")}") is { } tooLarge)
                yield return tooLarge;
    }

    public override IEnumerable<Fault> ModelFaults(string path, ModelSummary model)
    {
        if (TrainsBiases && model.BiasParameters == 0)
            yield return new($"{path}.bias", $"must be none: the model has no biases; got {JsonText.NameOf(Bias!.Value)}");
        if (model.Parts is not { } parts) yield break;
        string[] paths = [.. parts.SelectMany(part => part.Paths(model.Layers))];
        foreach (var (index, name) in (ModulesToSave ?? []).Index())
            if (!paths.Any(module => IsPartOf(name, module)))
                yield return new($"{path}.modulesToSave[{index}]", $"'{name}' matches no module of the model; they are "
                    + $"{string.Join(", ", parts.Select(part => part.Path))}. A classifier's head is trained anyway");
    }

    public override long TrainedBeside(ModelSummary model)
    {
        if (!TrainsWeights) return 0;
        if (model.Parts is null) return Bias == LoraBias.All ? model.BiasParameters ?? 0 : 0;
        var targets = Bias == LoraBias.LoraOnly
            ? TargetLayers.Chosen(Targets, [.. model.EveryModule]).Select(layer => layer.Path).ToHashSet()
            : [];
        return model.Parts.Sum(part => part.Paths(model.Layers).Sum(path => IsSaved(path) ? part.Parameters
            : Bias == LoraBias.All || targets.Contains(path) ? part.Biases : 0));
    }

    public override TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model)
    {
        var branches = base.Count(plan, layer, model);
        return branches with { Own = branches.Own + (model is null ? 0 : TrainedBeside(model)) };
    }

    public override IEnumerable<Fault> SharingFaults(string path, SharingSettings sharing)
    {
        const string Decided = "does not apply to the granularity rank, where importance decides the ranks";
        if (sharing.IsByRank && RankPattern is not null) yield return new($"{path}.rankPattern", Decided);
        if (sharing.IsByRank && AlphaPattern is not null) yield return new($"{path}.alphaPattern", Decided);
        if (StartsFromWeight && sharing.Remainder == Remainder.Share)
            yield return new($"{path}.start", $"cannot be {JsonText.NameOf(Start!.Value)} where layers share a LoRA: it starts from the "
                + "weight of one layer; set sharing.remainder to none, or use the method lora");
        if (StartsFromWeight && sharing.IsByRank)
            yield return new($"{path}.start", $"cannot be {JsonText.NameOf(Start!.Value)} where importance decides the ranks: it is the "
                + "weight's own directions that it starts from");
    }

    protected override long OwnNumbers(LinearModule layer, int? rank) => (rank ?? RankOf(layer.Path)) * (layer.In + layer.Out);
}

/// <summary>Methods with a rank and a scale.</summary>
public abstract class LowRankMethod<TSettings> : Method<TSettings> where TSettings : LowRankSettings, new()
{
    protected override TSettings DefaultsFor(TaskPreset? preset) => preset is null
        ? new()
        : new() { Rank = preset.Lora.Rank, Alpha = preset.Lora.Alpha, Targets = preset.Lora.Targets };

    internal override TSettings Read(JsonFields fields, TSettings defaults) => BranchSettings.Read(fields, defaults) with
    {
        Rank = fields.Integer("rank") ?? defaults.Rank,
        Alpha = fields.Number("alpha") ?? defaults.Alpha,
    };
}

/// <summary>Methods with LoRA's settings.</summary>
public abstract class LoraMethodBase : LowRankMethod<LoraSettings>
{
    public sealed override string Section => "lora";

    public sealed override MethodExport Export => MethodExport.Peft;

    internal sealed override LoraSettings Read(JsonFields fields, LoraSettings defaults) => base.Read(fields, defaults) with
    {
        RankStabilised = fields.Flag("rankStabilised"),
        PlusRatio = fields.Number("plusRatio"),
        Start = fields.Choice<LoraStart>("start"),
        RankPattern = fields.Integers("rankPattern"),
        AlphaPattern = fields.Numbers("alphaPattern"),
        Bias = fields.Choice<LoraBias>("bias"),
        ModulesToSave = fields.Texts("modulesToSave"),
    };
}

/// <summary>A LoRA for every target layer: the baseline.</summary>
public sealed class LoraMethod : LoraMethodBase
{
    public override string Name => "lora";

    public override string Title => "LoRA";

    public override string Summary => "A low-rank pair for every target layer: ΔW = (α/r)·BA.";

    public override string Source => "Hu et al. 2021, arXiv 2106.09685";

    public override Placing Placing => Placing.Everywhere;
}

/// <summary>LoRA for the layers that matter, and one shared by the others.</summary>
public sealed class LoraDropMethod : LoraMethodBase
{
    public override string Name => "lora-drop";

    public override string Title => "LoRA-drop";

    public override string Summary =>
        "Measures the importance of each layer's LoRA, keeps the important ones, and shares one LoRA among the others.";

    public override string Source => "Zhou et al. 2024, arXiv 2402.07721";

    public override Placing Placing => Placing.ByImportance;
}
