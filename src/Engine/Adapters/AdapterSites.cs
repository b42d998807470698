using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>A linear layer that an adapter sits on, and what it is called: module type and layer.</summary>
public sealed record AdapterSite(Site Site, Linear Linear);

/// <summary>Finds the layers that target names mean.</summary>
public static class AdapterSites
{
    /// <summary>The layers of the encoder whose path is a target or ends in ".target", as PEFT matches <c>target_modules</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="targets"><c>query</c>, <c>attention.output.dense</c>, …</param>
    /// <exception cref="RefusedInputException">A target matches nothing; the fault lists what there is.</exception>
    public static IReadOnlyList<AdapterSite> Find(SequenceClassifier model, IReadOnlyList<string> targets)
    {
        var all = All(model);
        var faults = targets.Index().Where(t => !all.Any(site => Matches(site.Linear.Path, t.Item)))
            .Select(t => new Fault($"lora.targets[{t.Index}]", $"'{t.Item}' matches no layer of the model; there are {string.Join(", ", all.Select(s => s.Site.Type).Distinct())}"))
            .ToArray();
        if (faults.Length > 0) throw new RefusedInputException(faults);
        return [.. all.Where(site => targets.Any(target => Matches(site.Linear.Path, target)))];
    }

    /// <summary>Refuses a rank that is no reduction.</summary>
    public static void CheckRank(IReadOnlyList<AdapterSite> sites, int rank)
    {
        var narrowest = sites.MinBy(site => Math.Min(site.Linear.In, site.Linear.Out))!;
        var width = Math.Min(narrowest.Linear.In, narrowest.Linear.Out);
        if (rank > width) throw new RefusedInputException("lora.rank", $"is {rank}, but {narrowest.Site.Type} is only {width} wide; a LoRA of that rank would be larger than the layer");
    }

    /// <summary>Every linear layer of the encoder, layer by layer.</summary>
    public static IReadOnlyList<AdapterSite> All(SequenceClassifier model) =>
        [.. Enumerable.Range(0, model.Config.Layers).SelectMany(layer => Named(model.Encoder.LinearsOf(layer).ToArray(), layer))];

    internal static bool Matches(string path, string target) => path == target || path.EndsWith($".{target}");

    /// <summary>The type is the last part of the path where that is unique in the layer (query), else all of it from the layer on (attention.output.dense).</summary>
    private static IEnumerable<AdapterSite> Named(Linear[] linears, int layer)
    {
        string Last(Linear linear) => linear.Path[(linear.Path.LastIndexOf('.') + 1)..];
        string Whole(Linear linear) => linear.Path[(linear.Path.IndexOf($".{layer}.") + $".{layer}.".Length)..];
        return linears.Select(linear => new AdapterSite(new Site(linears.Count(other => Last(other) == Last(linear)) == 1 ? Last(linear) : Whole(linear), layer), linear));
    }
}
