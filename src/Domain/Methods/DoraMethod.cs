namespace LoraDrop.Domain;

/// <summary>DoRA: W' = m · (W + (α/r) B A)/‖W + (α/r) B A‖, norms of rows (Liu et al. 2024, equation 5).</summary>
public sealed record DoraSettings : LowRankSettings
{
    /// <summary>A, B and the magnitude m.</summary>
    protected override long OwnNumbers(LinearModule layer) => base.OwnNumbers(layer) + layer.Out;

    /// <summary>One A and B, and a magnitude for each layer.</summary>
    protected override long SharedNumbers(LinearModule layer, int users) => base.OwnNumbers(layer) + users * layer.Out;
}

/// <summary>A low-rank change of direction, and a magnitude.</summary>
public sealed class DoraMethod : LowRankMethod<DoraSettings>
{
    public override string Name => "dora";

    public override string Title => "DoRA";

    public override string Summary => "A low-rank pair that turns the rows of the weight, and a vector of their magnitudes.";

    public override string Source => "Liu et al. 2024, arXiv 2402.09353";

    public override MethodExport Export => MethodExport.Peft;
}
