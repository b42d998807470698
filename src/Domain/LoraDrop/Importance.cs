namespace LoraDrop.Domain;

/// <summary>The relative importance of each site's LoRA.</summary>
public static class Importance
{
    /// <summary>I_i = g_i / Σ_j g_j (equation 3), per module type or per layer.</summary>
    /// <exception cref="RefusedInputException">With path <c>importance.g</c>: a g is not finite, or all g of a type are 0, so there is
    /// nothing to rank.</exception>
    public static IReadOnlyDictionary<Site, double> Of(IReadOnlyDictionary<Site, double> g, ImportanceScope scope)
    {
        foreach (var (site, value) in g)
            if (!double.IsFinite(value) || value < 0)
                throw new RefusedInputException("importance.g",
                    $"the LoRA of {site} has ‖ΔWx‖² = {value}: training on the sample diverged. Lower the learning rate.");

        var importance = new Dictionary<Site, double>();
        foreach (var type in g.Keys.GroupBy(site => site.Type))
        {
            var perLayer = type.ToDictionary(site => site.Layer, site => scope == ImportanceScope.PerType
                ? g[site]
                : g.Where(other => other.Key.Layer == site.Layer).Sum(other => other.Value));
            var sum = perLayer.Values.Sum();
            if (sum <= 0)
                throw new RefusedInputException("importance.g",
                    $"all LoRAs on {type.Key} have zero output (all g are 0): B is still at its initial zero. Train "
                    + "longer on the sample, or raise the learning rate.");
            foreach (var (layer, value) in perLayer) importance[new Site(type.Key, layer)] = value / sum;
        }
        return importance;
    }
}
