using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>A method in a comparison.</summary>
/// <param name="Method">Its name.</param>
/// <param name="AdapterParameters">Trained parameters, without the head.</param>
/// <param name="Scores">By metric; a metric may be missing.</param>
/// <param name="Took">Training time; null if unknown.</param>
internal sealed record ComparedMethod(string Method, long AdapterParameters, IReadOnlyDictionary<string, double> Scores, TimeSpan? Took);

/// <summary>Compares methods: parameters, their share of LoRA's, and scores.</summary>
internal static class ComparisonView
{
    /// <param name="console">The output.</param>
    /// <param name="methods">One row each, in this order.</param>
    /// <param name="loraParameters">Parameters of plain LoRA, 100 %; null if LoRA is not among the methods.</param>
    public static void Write(IAnsiConsole console, IReadOnlyList<ComparedMethod> methods, long? loraParameters)
    {
        string[] metrics = [.. methods.SelectMany(method => method.Scores.Keys).Distinct()];
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("method");
        foreach (var heading in (string[])["parameters", "of LoRA", .. metrics, "seconds"])
            table.AddColumn(new TableColumn(new Text(heading)) { Alignment = Justify.Right, NoWrap = true });
        foreach (var method in methods)
            table.AddRow(Cells(
            [
                method.Method, $"{method.AdapterParameters:N0}",
                loraParameters is { } lora ? $"{100.0 * method.AdapterParameters / lora:0} %" : "–",
                .. metrics.Select(metric => method.Scores.TryGetValue(metric, out var score) ? $"{score:0.0000}" : "–"),
                method.Took is { } took ? $"{took.TotalSeconds:0.0}" : "–",
            ]));
        console.Write(table);
    }

    private static IEnumerable<Text> Cells(IEnumerable<string> texts) => texts.Select(text => new Text(text));
}
