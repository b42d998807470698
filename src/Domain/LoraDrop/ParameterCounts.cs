namespace LoraDrop.Domain;

/// <summary>Number of parameters a run trains. The paper counts only the adapter, and for LoRA-drop only the layers that keep their own
/// LoRA.</summary>
/// <param name="WithoutShared">Parameters of the layers' own LoRAs only; compare this with the paper's tables.</param>
/// <param name="Adapter">Parameters of all LoRAs, with shared ones counted once.</param>
/// <param name="AdapterAndHead">Parameters of all LoRAs and the trained head: everything the optimiser updates.</param>
public sealed record ParameterCounts(long WithoutShared, long Adapter, long AdapterAndHead)
{
    /// <summary>Counts a plan.</summary>
    /// <param name="settings">The method's settings.</param>
    /// <param name="plan">The sharing plan.</param>
    /// <param name="layer">The linear layer of a site.</param>
    /// <param name="model">The model's other sizes; null if unknown.</param>
    /// <param name="head">Parameters of the trained head; 0 if it is frozen.</param>
    public static ParameterCounts Of(MethodSettings settings, SharingPlan plan, Func<Site, LinearModule> layer,
        ModelSummary? model, long head)
    {
        var (own, shared) = settings.Count(plan, layer, model);
        return new(own, own + shared, own + shared + head);
    }
}
