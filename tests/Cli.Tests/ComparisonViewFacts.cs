namespace LoraDrop.Cli.Tests;

public sealed class ComparisonViewFacts
{
    private static string[][] Rows(params ComparedMethod[] methods)
    {
        var written = new Written();
        ComparisonView.Write(written.Console, methods, loraParameters: 294_912);
        return [.. written.Lines.Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
    }

    [Fact]
    public void A_method_is_held_against_what_LoRA_trains()
    {
        var rows = Rows(new("LoRA", 294_912, new Dictionary<string, double> { ["accuracy"] = 0.808 }, TimeSpan.FromSeconds(61.26)),
            new("LoRA-drop", 147_456, new Dictionary<string, double> { ["accuracy"] = 0.814 }, TimeSpan.FromSeconds(50)));
        Assert.Contains(["LoRA", "294,912", "100 %", "0.8080", "61.3"], rows);
        Assert.Contains(["LoRA-drop", "147,456", "50 %", "0.8140", "50.0"], rows);
    }

    [Fact]
    public void A_metric_that_a_method_lacks_is_a_dash()
    {
        var rows = Rows(new("a [b]", 1, new Dictionary<string, double> { ["f1"] = 0.5 }, TimeSpan.Zero),
            new("c", 1, new Dictionary<string, double>(), null));
        Assert.Contains(["a [b]", "1", "0 %", "0.5000", "0.0"], rows);
        Assert.Contains(["c", "1", "0 %", "–", "–"], rows);
    }
}
