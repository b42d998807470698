namespace LoraDrop.Domain;

/// <summary>Whether LoRAs can sit where the settings want them.</summary>
public static class LoraFit
{
    /// <summary>Whether a layer's path is a target or ends in ".target", as PEFT matches <c>target_modules</c>.</summary>
    public static bool Matches(string path, string target) => path == target || path.EndsWith($".{target}", StringComparison.Ordinal);

    /// <summary>Targets that match no layer; each fault lists what there is.</summary>
    /// <param name="targets"><c>query</c>, <c>attention.output.dense</c>, …</param>
    /// <param name="layers">Every linear layer of the model.</param>
    public static IEnumerable<Fault> TargetFaults(IReadOnlyList<string> targets, IReadOnlyList<ModuleFacts> layers)
    {
        string[] types = [.. layers.Select(layer => layer.Type).Distinct()];
        return targets.Index().Where(t => !layers.Any(layer => Matches(layer.Path, t.Item)))
            .Select(t => new Fault($"lora.targets[{t.Index}]", $"'{t.Item}' matches no layer of the model; there are {string.Join(", ", types)}{Spelling.Hint(t.Item, types)}"));
    }

    /// <summary>A rank that is no reduction.</summary>
    /// <param name="rank">r.</param>
    /// <param name="layers">The layers that are to have a LoRA; at least one.</param>
    public static Fault? RankFault(int rank, IReadOnlyList<ModuleFacts> layers)
    {
        var narrowest = layers.MinBy(layer => Math.Min(layer.In, layer.Out))!;
        var width = Math.Min(narrowest.In, narrowest.Out);
        return rank <= width ? null : new("lora.rank", $"is {rank}, but {narrowest.Type} is only {width} wide; a LoRA of that rank would be larger than the layer");
    }
}
