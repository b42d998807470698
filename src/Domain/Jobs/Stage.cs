namespace LoraDrop.Domain;

/// <summary>The two stages of a run.</summary>
public enum Stage
{
    /// <summary>Ordinary LoRA on the sample, then the importance pass (§3.1).</summary>
    ImportanceEvaluation,

    /// <summary>Training with the kept and shared LoRAs on all data (§3.2).</summary>
    TaskAdaptation,
}
