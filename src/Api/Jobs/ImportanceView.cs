using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>What each layer's LoRA contributes, and what follows from it.</summary>
/// <param name="Job">The job that it was measured for.</param>
/// <param name="WhatIf">Whether this is the job's importance under other settings than its own; nothing is trained by asking.</param>
/// <param name="Scope">What was normalised together: the layers of each module type, or layers as a whole.</param>
/// <param name="Threshold">T, the share of importance that the kept layers reach.</param>
/// <param name="Keep">k, where a number of layers was asked for instead of T.</param>
/// <param name="Select">Which layers keep a LoRA of their own.</param>
/// <param name="Remainder">What the others get.</param>
/// <param name="Examples">Size of the sample.</param>
/// <param name="Tokens">Its tokens, padding left out.</param>
/// <param name="ReusedFrom">The job that measured it, where it was not this one.</param>
/// <param name="Modules">Per module type.</param>
/// <param name="Parameters">How many numbers this trains, against ordinary LoRA; absent while the model is not inspected.</param>
/// <param name="Remarks">What a person should know about the plan.</param>
public sealed record ImportanceView(
    Guid Job, bool WhatIf, ImportanceScope Scope, double? Threshold, int? Keep, Selection Select, Remainder Remainder, int Examples, long Tokens, Guid? ReusedFrom,
    IReadOnlyList<ModuleImportanceView> Modules, TrainedParametersView? Parameters, IReadOnlyList<string> Remarks);

/// <summary>The layers of one module type.</summary>
/// <param name="Type">Such as query.</param>
/// <param name="Kept">The layers that keep a LoRA of their own, ascending.</param>
/// <param name="Layers">All layers, ascending.</param>
public sealed record ModuleImportanceView(string Type, IReadOnlyList<int> Kept, IReadOnlyList<LayerImportanceView> Layers);

/// <summary>One layer of a module type.</summary>
/// <param name="Layer">From 0.</param>
/// <param name="G">g = Σ‖ΔWx‖² over the sample.</param>
/// <param name="PerToken">g per token of the sample.</param>
/// <param name="Importance">I, 0 to 1: g over the sum of its scope.</param>
/// <param name="Rank">1 is the most important of its type.</param>
/// <param name="Cumulative">I of this layer and all more important ones of its type together: the least T that keeps the next one too.</param>
/// <param name="Place">own: a LoRA of its own; shared: the one of its type; none: no LoRA.</param>
/// <param name="Norms">How ‖ΔWx‖² is distributed over the examples; one range for all layers of a type.</param>
public sealed record LayerImportanceView(int Layer, double G, double PerToken, double Importance, int Rank, double Cumulative, Place Place, Histogram Norms);

/// <summary>How many numbers a plan trains.</summary>
/// <param name="WithoutShared">The LoRAs that layers keep for themselves: the figure to hold against the paper's tables.</param>
/// <param name="Adapter">All LoRAs, the shared ones counted once.</param>
/// <param name="AdapterAndHead">All LoRAs and the trained head; known once a stage has started.</param>
/// <param name="Lora">What ordinary LoRA of the same rank trains, head left out.</param>
/// <param name="ShareOfLora">Adapter over Lora.</param>
public sealed record TrainedParametersView(long WithoutShared, long Adapter, long? AdapterAndHead, long Lora, double ShareOfLora);
