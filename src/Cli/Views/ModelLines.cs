using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Shows a model's properties.</summary>
internal static class ModelLines
{
    public static string Of(ModelView model, ModelSummary facts) =>
        $"""
        {model.Name ?? model.Source}  {facts.Family}: {facts.Layers} layers of width {facts.Hidden:N0}, {facts.Heads} heads, {facts.Parameters:N0} parameters ({facts.WeightsType}), {facts.Vocabulary:N0} tokens, texts up to {facts.LongestText:N0}
          a LoRA can sit on: {string.Join(", ", facts.Modules.Select(module => $"{module.Type} ({module.In:N0} → {module.Out:N0})"))}
          source {model.Source}{(model.Commit is { } commit ? $" at {commit}" : "")}, sha256 {facts.Sha256}
        """;
}
