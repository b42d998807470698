namespace LoraDrop.Domain;

/// <summary>The two stages of a run.</summary>
public enum Stage
{
    /// <summary>Trains ordinary LoRA on the sample, then measures importance (§3.1).</summary>
    ImportanceEvaluation,

    /// <summary>Trains the kept and shared LoRAs on all data (§3.2).</summary>
    TaskAdaptation,
}
