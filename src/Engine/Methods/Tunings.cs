using LoraDrop.Domain;

namespace LoraDrop.Engine.Methods;

/// <summary>What each method does to a model, one line each.</summary>
public static class Tunings
{
    /// <summary>A method on a model.</summary>
    /// <param name="settings">The method's settings.</param>
    /// <param name="at">Model, layers and plan.</param>
    public static Tuning Of(MethodSettings settings, Placement at) => settings switch
    {
        VeraSettings vera => new VeraTuning(at, vera),
        DoraSettings dora => new DoraTuning(at, dora),
        AdaLoraSettings ada => new AdaLoraTuning(at, ada),
        SparseAdapterSettings sparse => new SparseAdapterTuning(at, sparse),
        LoraFaSettings fa => new LoraFaTuning(at, fa),
        SoraSettings sora => new SoraTuning(at, sora),
        TiedLoraSettings tied => new TiedLoraTuning(at, tied),
        S2LoraSettings s2 => new S2LoraTuning(at, s2),
        Ia3Settings ia3 => new Ia3Tuning(at, ia3),
        LoraSettings { TrainsWeights: true } lora => LoraBesideWeights.Of(at, lora),
        LoraSettings { StartsFromWeight: true } lora => new LoraFromWeightTuning(at, lora),
        LoraSettings lora when at.Plan.Ranks.Count > 0 => new RankedLoraTuning(at, lora),
        LoraSettings lora => new LoraTuning(at, lora),
        AdapterSettings adapter => new AdapterTuning(at, adapter),
        PromptTuningSettings prompt => new PromptTuning(at, prompt),
        PTuningSettings p => new PTuning(at, p),
        PrefixTuningSettings prefix => new PrefixTuning(at, prefix),
        DiffPruningSettings diff => new DiffPruningTuning(at, diff),
        HiFiSettings hifi => new HiFiTuning(at, hifi),
        FullSettings => new InPlaceTuning(at, _ => true),
        BitFitSettings => InPlaceTuning.OfBiases(at),
        LastLayersSettings last => new InPlaceTuning(at, InPlaceTuning.OfLastLayers(at.Model, last.LayersOf(at.Model.Config.Layers))),
        _ => throw new ArgumentException($"no tuning for {settings.GetType().Name}", nameof(settings)),
    };

    /// <summary>Settings from a PEFT configuration, which tells less than its tensors and the model do.</summary>
    internal static MethodSettings Fitted(MethodSettings settings, FrozenModel model, IReadOnlyCollection<string> tensors) =>
        settings is LoraSettings { TrainsWeights: true } lora ? LoraBesideWeights.Fitted(lora, model, tensors) : settings;

    /// <summary>The settings of the method that a PEFT configuration describes.</summary>
    internal static MethodSettings SettingsIn(PeftConfig config) => config.Type switch
    {
        "LORA" => LoraPeft.Read(config),
        "VERA" => VeraTuning.Read(config),
        "ADALORA" => AdaLoraTuning.Read(config),
        "PROMPT_TUNING" or "P_TUNING" => PromptTuning.Of(config),
        "PREFIX_TUNING" => PrefixTuning.Of(config),
        "IA3" => Ia3Tuning.Read(config),
        var other => throw config.Refused("peft_type",
            $"is {other}; LORA, VERA, ADALORA, IA3, PROMPT_TUNING, P_TUNING and PREFIX_TUNING are read"),
    };
}
