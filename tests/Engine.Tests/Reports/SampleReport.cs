using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Importance reports of any shape: upper layers put out more, as they do in the paper.</summary>
internal static class SampleReport
{
    public static ImportanceReport Of(int layers, IReadOnlyList<string> types, Remainder remainder = Remainder.Share,
        double threshold = 0.9)
    {
        var random = SplitMix64.For(1, "sample report");
        var norms = types.SelectMany((_, t) => Enumerable.Range(0, layers), (type, layer) => new Site(type, layer))
            .Select(site => new OutputNorms(site, [.. Enumerable.Range(0, 249).Select(_ => Norm(site.Layer))], 7981)).ToList();
        var I = Importance.Of(norms.ToDictionary(n => n.Site, n => n.G), ImportanceScope.PerType);
        return ImportanceReport.From(norms, I, ImportanceScope.PerType, new() { Threshold = threshold, Remainder = remainder });

        double Norm(int layer)
        {
            var centre = Math.Exp(4.0 * layer / layers + 2 * Math.Sin(layer * 2.3));
            return centre * (0.4 + random.NextUnit() + random.NextUnit() * random.NextUnit());
        }
    }
}
