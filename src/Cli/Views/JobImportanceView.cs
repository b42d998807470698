using LoraDrop.Domain;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows the importance that a service measured, and how many parameters the plan trains.</summary>
internal static class JobImportanceView
{
    /// <param name="console">The output.</param>
    /// <param name="importance">The importance under the requested cut.</param>
    /// <param name="own">The job's own plan; null if it is the one shown.</param>
    public static void Write(IAnsiConsole console, Api.ImportanceView importance, Api.ImportanceView? own)
    {
        ImportanceView.Write(console, ReportOf(importance));
        if (importance.ReusedFrom is { } other)
            console.MarkupLineInterpolated($"measured for job {other}, whose settings up to here are the same");
        if (own is null)
        {
            console.MarkupLineInterpolated($"{Trained(importance)}");
            return;
        }
        console.MarkupLineInterpolated($"[bold]what if[/] {Rule(importance)}: {Trained(importance)}");
        console.MarkupLineInterpolated($"the job itself, {Rule(own)}: {Trained(own)}");
    }

    private static ImportanceReport ReportOf(Api.ImportanceView importance) =>
        new(importance.Scope, importance.Threshold?.T, importance.Examples, importance.Tokens,
        [.. importance.Modules.SelectMany(module => module.Layers.Select(layer =>
        new SiteImportance(module.Type, layer.Layer, layer.G, layer.PerToken, layer.Importance, layer.Place, layer.Norms)
        {
            Energies = layer.Energies, Rank = layer.LoraRank,
        }))],
        importance.Remarks);

    private static string Rule(Api.ImportanceView importance) => string.Join(", ", new[]
    {
        importance.Threshold is { } threshold ? $"T = {Shown(threshold)}" : $"{importance.Keep} layers of each type",
        importance.Granularity == Granularity.Layer ? null : "by rank",
        importance.Select == Selection.Importance ? null : $"chosen by {JsonText.NameOf(importance.Select)}",
        importance.Remainder == Remainder.Share ? null : "none for the others",
    }.OfType<string>());

    private static string Shown(Threshold threshold) => threshold.T is { } T ? $"{T:0.###}" : Threshold.AutoName;

    private static string Trained(Api.ImportanceView importance) => importance.Parameters is { } parameters
        ? $"{parameters.Adapter:N0} adapter parameters, {parameters.ShareOfLora:P0} of LoRA's "
        + $"{parameters.Lora:N0} ({parameters.WithoutShared:N0} without the shared pairs)"
        : $"{importance.Modules.Sum(module => module.Kept.Count)} layers keep their own LoRA";
}
