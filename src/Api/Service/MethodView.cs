using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>The tuning methods.</summary>
/// <param name="Items">The methods, the default first.</param>
public sealed record MethodList(IReadOnlyList<MethodView> Items);

/// <summary>A tuning method.</summary>
/// <param name="Name">Name for <c>method</c>.</param>
/// <param name="Title">Name in prose.</param>
/// <param name="Summary">What it trains.</param>
/// <param name="Source">The paper that describes it.</param>
/// <param name="Section">The section of a job with its settings.</param>
/// <param name="Placing">Where it places what it trains.</param>
/// <param name="Export">What a finished job leaves for other software.</param>
/// <param name="LearningRate">The peak learning rate if the job gives none; absent if the task's is used.</param>
/// <param name="Defaults">Its settings with their defaults for a task without a preset.</param>
public sealed record MethodView(string Name, string Title, string Summary, string Source, string Section, Placing Placing,
    MethodExport Export, double? LearningRate, JsonElement Defaults)
{
    internal static MethodView Of(Method method) => new(method.Name, method.Title, method.Summary, method.Source, method.Section,
        method.Placing, method.Export, method.LearningRate,
        JsonSerializer.SerializeToElement(method.Defaults(null), method.SettingsType, ApiJson.Options));
}
