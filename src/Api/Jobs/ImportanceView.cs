using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>The importance of each layer, and the resulting sharing plan.</summary>
/// <param name="Job">Id of the job.</param>
/// <param name="WhatIf">Whether other settings than the job's own were applied.</param>
/// <param name="Scope">Whether importance is normalised per module type or over whole layers.</param>
/// <param name="Threshold">T, the cumulative importance the kept layers reach, or <c>auto</c>.</param>
/// <param name="Keep">k, the number of kept layers per module type, if given instead of T.</param>
/// <param name="Granularity">Whether whole layers keep their LoRA, or single ranks of it.</param>
/// <param name="Select">How the layers that keep their own LoRA are selected.</param>
/// <param name="Remainder">What the other layers use.</param>
/// <param name="Examples">Number of examples in the sample.</param>
/// <param name="Tokens">Number of tokens in the sample, without padding.</param>
/// <param name="ReusedFrom">The job that measured the importance, if not this one.</param>
/// <param name="Modules">Importance per module type.</param>
/// <param name="Parameters">Trainable parameters compared with ordinary LoRA; absent until the model is inspected.</param>
/// <param name="Remarks">Notes on the plan.</param>
public sealed record ImportanceView(
    Guid Job, bool WhatIf, ImportanceScope Scope, Threshold? Threshold, int? Keep, Granularity Granularity, Selection Select,
    Remainder Remainder, int Examples, long Tokens, Guid? ReusedFrom,
    IReadOnlyList<ModuleImportanceView> Modules, TrainedParametersView? Parameters, IReadOnlyList<string> Remarks);

/// <summary>The layers of one module type.</summary>
/// <param name="Type">Module type, such as query.</param>
/// <param name="Kept">Layers that keep their own LoRA, in ascending order.</param>
/// <param name="Layers">All layers, in ascending order.</param>
public sealed record ModuleImportanceView(string Type, IReadOnlyList<int> Kept, IReadOnlyList<LayerImportanceView> Layers);

/// <summary>One layer of a module type.</summary>
/// <param name="Layer">Layer number, from 0.</param>
/// <param name="G">g = Σ‖ΔWx‖² over the sample.</param>
/// <param name="PerToken">g per token of the sample.</param>
/// <param name="Importance">I, 0 to 1: g divided by the sum over its scope.</param>
/// <param name="Rank">Rank within its module type; 1 is the most important.</param>
/// <param name="Cumulative">Sum of I over this and all more important layers of its type; a larger T keeps the next layer too.</param>
/// <param name="Place">own: its own LoRA; shared: the LoRA shared by its module type; none: no LoRA.</param>
/// <param name="Norms">Distribution of ‖ΔWx‖² over the examples, with the same range for all layers of a type.</param>
/// <param name="Energies">The energies of the output's principal directions, the largest first; they sum to g. Absent if the method has
/// none.</param>
/// <param name="LoraRank">The rank of its own LoRA, if importance decides the ranks.</param>
public sealed record LayerImportanceView(int Layer, double G, double PerToken, double Importance, int Rank, double Cumulative, Place Place,
    Histogram Norms, IReadOnlyList<double>? Energies, int? LoraRank);

/// <summary>Trainable parameters of a sharing plan.</summary>
/// <param name="WithoutShared">Parameters of the layers' own LoRAs only; compare this with the paper's tables.</param>
/// <param name="Adapter">Parameters of all LoRAs, with shared ones counted once.</param>
/// <param name="AdapterAndHead">Parameters of all LoRAs and the trained head; known once a stage has started.</param>
/// <param name="Lora">Parameters of ordinary LoRA of the same rank, without the head.</param>
/// <param name="ShareOfLora">Adapter divided by Lora.</param>
public sealed record TrainedParametersView(long WithoutShared, long Adapter, long? AdapterAndHead, long Lora, double ShareOfLora);
