using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>One way of training, as a comparison shows it.</summary>
/// <param name="Method">Its name.</param>
/// <param name="AdapterParameters">What it trains, the head left out.</param>
/// <param name="Scores">By metric; a metric may be missing.</param>
/// <param name="Took">How long it trained; null where that is not known.</param>
internal sealed record ComparedMethod(string Method, long AdapterParameters, IReadOnlyDictionary<string, double> Scores, TimeSpan? Took);

/// <summary>Puts methods side by side: what each trains, next to what LoRA trains, and how well it does.</summary>
internal static class ComparisonView
{
    /// <param name="console">Where to.</param>
    /// <param name="methods">A row each, in this order.</param>
    /// <param name="loraParameters">What plain LoRA trains: the 100 % of the shares.</param>
    public static void Write(IAnsiConsole console, IReadOnlyList<ComparedMethod> methods, long loraParameters)
    {
        string[] metrics = [.. methods.SelectMany(method => method.Scores.Keys).Distinct()];
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("method");
        foreach (var heading in (string[])["parameters", "of LoRA", .. metrics, "seconds"])
            table.AddColumn(new TableColumn(new Text(heading)) { Alignment = Justify.Right, NoWrap = true });
        foreach (var method in methods)
            table.AddRow(Cells(
            [
                method.Method, $"{method.AdapterParameters:N0}", $"{100.0 * method.AdapterParameters / loraParameters:0} %",
                .. metrics.Select(metric => method.Scores.TryGetValue(metric, out var score) ? $"{score:0.0000}" : "–"),
                method.Took is { } took ? $"{took.TotalSeconds:0.0}" : "–",
            ]));
        console.Write(table);
    }

    private static IEnumerable<Text> Cells(IEnumerable<string> texts) => texts.Select(text => new Text(text));
}
