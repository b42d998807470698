using System.Xml.Linq;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Reports;

/// <summary>Draws an importance report as one self-contained SVG: I of every layer, the cut, and the histograms behind it.</summary>
/// <remarks>The histograms are the paper's figures 2 and 6 to 10: one panel per layer, one horizontal axis for all layers of a module
/// type.</remarks>
public static class ImportanceChart
{
    internal const double Width = 900, Margin = 24;
    private const double Header = 76, Gap = 28;

    private const string Style = """
        text{font-family:Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;font-size:10px;fill:#3b4148}
        .page{fill:#fff} .heading{font-size:18px;font-weight:bold;fill:#15191d} .type{font-size:14px;font-weight:bold;fill:#15191d}
        .note{font-size:11.5px} .small{font-size:9px;fill:#5c646d} .middle{text-anchor:middle} .end{text-anchor:end}
        .axis{stroke:#5c646d;stroke-width:1} .grid{stroke:#e3e6ea;stroke-width:1} .rule{stroke:#c9ced4;stroke-width:1}
        .own{fill:#0072b2} .shared{fill:#b4bac1} .none{fill:#fff;stroke:#7d858d;stroke-width:1}
        .curve{fill:none;stroke:#5c646d;stroke-width:1.2} .threshold{stroke:#c4500c;stroke-width:1.2;stroke-dasharray:5 3} .cut{fill:#c4500c}
        """;

    public static string Svg(ImportanceReport report)
    {
        var content = new List<XElement> { Shape.Group("header", Margin, 0, Heading(report)) };
        var y = Header;
        foreach (var type in report.Sites.GroupBy(site => site.Type))
        {
            var row = new ImportanceRow(type.Key, [.. type], report);
            content.Add(Shape.Group("module-type", Margin, y, row.Drawn()));
            y += row.Height + Gap;
        }
        return Document(report, y, content).ToString();
    }

    /// <summary>Formats I for charts: three digits, without the leading zero.</summary>
    internal static string Digits(double I) => I.ToString(".000");

    internal static string Colour(Place place) => place switch
    {
        Place.Own => "own",
        Place.Shared => "shared",
        Place.None => "none",
    };

    private static XElement Document(ImportanceReport report, double height, List<XElement> content) => new(Shape.Svg + "svg",
        new XAttribute("viewBox", $"0 0 {Width} {height}"), new XAttribute("width", Width), new XAttribute("height", height),
        new XAttribute("role", "img"), new XAttribute("aria-labelledby", "title desc"),
        new XElement(Shape.Svg + "title", new XAttribute("id", "title"), "Importance of each layer's LoRA"),
        new XElement(Shape.Svg + "desc", new XAttribute("id", "desc"), Description(report)),
        new XElement(Shape.Svg + "style", Style),
        Shape.Rect("page", 0, 0, Width, height),
        content);

    /// <summary>A text description of the chart, for accessibility.</summary>
    private static string Description(ImportanceReport report) => string.Join(' ', report.Sites.GroupBy(site => site.Type).Select(type =>
        $"{type.Key}: {string.Join(", ", type.Select(s => $"layer {s.Layer} I = {s.I:0.000} {Colour(s.Place)}"))}."));

    private static IEnumerable<XElement> Heading(ImportanceReport report)
    {
        var scope = report.Scope == ImportanceScope.PerType ? "over the layers of a module type" : "over whole layers";
        yield return Shape.Text("heading", 0, 34, "Importance of each layer's LoRA");
        yield return Shape.Text("note", 0, 54,
            $"g = Σ‖ΔWx‖² over {report.Examples:N0} examples ({report.Tokens:N0} tokens); I = g / Σg {scope}");
        (Place Place, double X, string Text)[] legend =
            [(Place.Own, 576, "LoRA of its own"), (Place.Shared, 693, "shared LoRA"), (Place.None, 790, "no LoRA")];
        foreach (var (place, x, text) in legend)
        {
            yield return Shape.Rect($"key {Colour(place)}", x, 25, 10, 10);
            yield return Shape.Text("note", x + 15, 34, text);
        }
    }
}
