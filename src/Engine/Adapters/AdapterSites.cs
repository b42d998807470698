using LoraDrop.Domain;

namespace LoraDrop.Engine.Adapters;

/// <summary>A linear layer that an adapter can be placed on, identified by module type and layer.</summary>
public sealed record AdapterSite(Site Site, Linear Linear);

/// <summary>Finds the layers that target names match.</summary>
public static class AdapterSites
{
    /// <summary>The layers of the model that targets match (<see cref="TargetLayers.Chosen"/>).</summary>
    /// <param name="model">The model.</param>
    /// <param name="targets"><c>query</c>, <c>attention.output.dense</c>, <c>all-linear</c>, …</param>
    /// <param name="path">The targets' path in the request.</param>
    /// <exception cref="RefusedInputException">A target matches nothing; the fault lists the available names.</exception>
    public static IReadOnlyList<AdapterSite> Find(FrozenModel model, IReadOnlyList<string> targets, string path = "lora.targets")
    {
        var all = All(model);
        LinearModule[] layers = [.. all.Select(Module)];
        Fault[] faults = [.. TargetLayers.TargetFaults(targets, layers, path)];
        if (faults.Length > 0) throw new RefusedInputException(faults);
        var chosen = TargetLayers.Chosen(targets, layers).Select(layer => layer.Path).ToHashSet();
        return [.. all.Where(site => chosen.Contains(site.Linear.Path))];
    }

    /// <summary>Refuses settings that do not fit the layers, such as a rank above their width.</summary>
    /// <remarks>Targets have been resolved to these layers, so only what depends on their widths is checked.</remarks>
    public static void CheckFit(IReadOnlyList<AdapterSite> sites, MethodSettings settings)
    {
        Fault[] faults = [.. settings.WidthFaults(settings.Section, [.. sites.Select(Module)])];
        if (faults.Length > 0) throw new RefusedInputException(faults);
    }

    /// <summary>Every linear layer of embeddings and layers, layer by layer.</summary>
    public static IReadOnlyList<AdapterSite> All(FrozenModel model) =>
        [.. Enumerable.Range(0, model.Config.Layers).SelectMany(layer => Named(model.Backbone.LinearsOf(layer).ToArray(), layer))];

    /// <summary>The last part of a layer's path if unique among its neighbours (query), else everything after the layer's number
    /// (attention.output.dense).</summary>
    internal static string TypeOf(string path, IEnumerable<string> neighbours, string number)
    {
        string Last(string path) => path[(path.LastIndexOf('.') + 1)..];
        return neighbours.Count(other => Last(other) == Last(path)) == 1
            ? Last(path)
            : path[(path.IndexOf($".{number}.") + $".{number}.".Length)..];
    }

    private static IEnumerable<AdapterSite> Named(Linear[] linears, int layer) =>
        linears.Select(linear => new AdapterSite(new Site(TypeOf(linear.Path, linears.Select(other => other.Path), $"{layer}"), layer),
            linear));

    /// <summary>A layer by its type, path and widths.</summary>
    internal static LinearModule Module(AdapterSite site) => new(site.Site.Type, site.Linear.Path, site.Linear.In, site.Linear.Out);
}
