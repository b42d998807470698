using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>AdaLoRA: h = W x + (α/r) B (E ∘ A x), with singular values E that a budget takes away (Zhang et al. 2023).</summary>
/// <remarks>The scale is α/(r + 1e-5), with the initial r also when ranks have been taken away: that of PEFT, whose names the settings have
/// too.</remarks>
public sealed record AdaLoraSettings : LowRankSettings
{
    public AdaLoraSettings() => (Rank, Alpha) = (12, 16);

    /// <summary>The mean rank of a layer's branch that training leaves; at least 1 and at most the rank that it begins with, default 8
    /// (PEFT's).</summary>
    public int TargetRank { get; init; } = 8;

    /// <summary>t_i, steps before the first ranks are taken away; at least 0, default null: a tenth of the steps, as in the paper's MNLI
    /// run (8,000 of 86,000).</summary>
    public int? Tinit { get; init; }

    /// <summary>t_f, steps at the end that train the ranks that are left; at least 1, default null: half of the steps; the paper's MNLI run
    /// has 50,000 of 86,000. t_i + t_f must be below the steps of each stage.</summary>
    public int? Tfinal { get; init; }

    /// <summary>ΔT, steps from one taking away to the next; at least 1, default 1 (PEFT's).</summary>
    public int DeltaT { get; init; } = 1;

    /// <summary>β₁, which smooths the sensitivity of each number; (0, 1), default 0.85.</summary>
    public double Beta1 { get; init; } = 0.85;

    /// <summary>β₂, which smooths its uncertainty; (0, 1), default 0.85.</summary>
    public double Beta2 { get; init; } = 0.85;

    /// <summary>γ, the weight in the loss of how far A and B are from orthogonal; at least 0, default 0.5 (PEFT's).</summary>
    public double Orthogonality { get; init; } = 0.5;

    /// <summary>The budget falls.</summary>
    [JsonIgnore]
    public override bool Shrinks => true;

    /// <summary>LoRA's, and two smoothed numbers and a gradient.</summary>
    [JsonIgnore]
    public override double BytesPerTrainedNumber => base.BytesPerTrainedNumber + 12;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (TargetRank < 1 || TargetRank > Rank)
            yield return new($"{path}.targetRank", $"must lie in [1, {Rank}], up to the rank; got {TargetRank}");
        if (Tinit < 0) yield return new($"{path}.tinit", $"must be at least 0; got {Tinit}");
        if (Tfinal < 1) yield return new($"{path}.tfinal", $"must be at least 1; got {Tfinal}");
        if (DeltaT < 1) yield return new($"{path}.deltaT", $"must be at least 1; got {DeltaT}");
        if (Beta1 is not (> 0 and < 1)) yield return new($"{path}.beta1", $"must lie in (0, 1); got {Beta1}");
        if (Beta2 is not (> 0 and < 1)) yield return new($"{path}.beta2", $"must lie in (0, 1); got {Beta2}");
        if (Orthogonality is not (>= 0 and < double.PositiveInfinity))
            yield return new($"{path}.orthogonality", $"must be at least 0; got {Orthogonality}");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    /// <summary>How many ranks a stage has at each step.</summary>
    /// <param name="steps">Optimiser steps of the stage.</param>
    /// <param name="branches">Branches, whose ranks are one budget.</param>
    /// <exception cref="RefusedInputException">The stage has no step between t_i and t_f.</exception>
    public RankBudget BudgetOf(int steps, int branches)
    {
        var budget = new RankBudget(Rank * branches, TargetRank * branches, steps, Tinit ?? steps / 10, Tfinal ?? steps / 2, DeltaT);
        return budget.Tinit < budget.Final ? budget : throw new RefusedInputException($"{Section}.{(Tinit is null ? "tfinal" : "tinit")}",
            $"tinit {budget.Tinit} and tfinal {budget.Tfinal} must together be below the {steps} steps of the stage; without them, "
            + "they follow the steps");
    }

    /// <summary>A, B and E, before any rank is taken away.</summary>
    protected override long OwnNumbers(LinearModule layer) => base.OwnNumbers(layer) + Rank;
}

/// <summary>How many ranks all branches have together at each step (Zhang et al. 2023, equation 12), as PEFT rounds it.</summary>
/// <param name="Initial">b⁽⁰⁾, the ranks at the start.</param>
/// <param name="Target">b⁽ᵀ⁾, the ranks at the end.</param>
/// <param name="Steps">T.</param>
/// <param name="Tinit">t_i.</param>
/// <param name="Tfinal">t_f.</param>
/// <param name="DeltaT">ΔT.</param>
public sealed record RankBudget(int Initial, int Target, int Steps, int Tinit, int Tfinal, int DeltaT)
{
    /// <summary>The step from which the ranks are fixed.</summary>
    public int Final => Steps - Tfinal;

    /// <summary>b⁽ᵗ⁾.</summary>
    /// <param name="t">The step, from 0.</param>
    public int At(int t) => t <= Tinit ? Initial : t >= Final ? Target
        : (int)((Initial - Target) * Math.Pow(1 - (double)(t - Tinit) / (Final - Tinit), 3) + Target);

    /// <summary>Whether ranks are taken away after a step.</summary>
    /// <param name="t">The step, from 0.</param>
    public bool CutsAt(int t) => t == Final || (t > Tinit && t < Final && t % DeltaT == 0);
}

/// <summary>A low-rank pair with singular values, whose ranks go where they matter.</summary>
public sealed class AdaLoraMethod : LowRankMethod<AdaLoraSettings>
{
    public override string Name => "adalora";

    public override string Title => "AdaLoRA";

    public override string Summary =>
        "A low-rank pair with singular values; a falling budget takes the least important ranks of all layers away.";

    public override string Source => "Zhang et al. 2023, arXiv 2303.10512";

    public override MethodExport Export => MethodExport.Peft;

    /// <summary>PEFT's ranks, and the α of the public code's GLUE runs.</summary>
    protected override AdaLoraSettings DefaultsFor(TaskPreset? preset) => preset is null ? new() : new() { Targets = preset.Lora.Targets };

    internal override AdaLoraSettings Read(JsonFields fields, AdaLoraSettings defaults) => base.Read(fields, defaults) with
    {
        TargetRank = fields.Integer("targetRank") ?? defaults.TargetRank,
        Tinit = fields.Integer("tinit"),
        Tfinal = fields.Integer("tfinal"),
        DeltaT = fields.Integer("deltaT") ?? defaults.DeltaT,
        Beta1 = fields.Number("beta1") ?? defaults.Beta1,
        Beta2 = fields.Number("beta2") ?? defaults.Beta2,
        Orthogonality = fields.Number("orthogonality") ?? defaults.Orthogonality,
    };
}
