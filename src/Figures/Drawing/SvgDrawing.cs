using System.Xml.Linq;
using OxyPlot;

namespace LoraDrop.Figures.Drawing;

/// <summary>Draws a page as SVG, in managed code alone.</summary>
internal static class SvgDrawing
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public static string Of(Page page, int width, int height, string altText)
    {
        using var stream = new MemoryStream();
        var surface = new Surface(stream, width, height);
        page.DrawOn(surface);
        surface.Complete();
        surface.Flush();
        stream.Position = 0;
        var root = XDocument.Load(stream).Root!;
        root.SetAttributeValue("viewBox", $"0 0 {width} {height}");
        root.SetAttributeValue("role", "img");
        root.SetAttributeValue("aria-labelledby", "title desc");
        root.AddFirst(new XElement(Svg + "title", new XAttribute("id", "title"), page.Title),
            new XElement(Svg + "desc", new XAttribute("id", "desc"), altText));
        return root.ToString();
    }

    /// <summary>The library's surface, with texts on the baselines that they have in the PNG: not every viewer knows dominant-baseline, and
    /// what the library does instead leaves texts too low.</summary>
    private sealed class Surface(Stream stream, double width, double height)
        : SvgRenderContext(stream, width, height, false, new MeasuringSurface(), OxyColors.Undefined, true)
    {
        public override void DrawText(ScreenPoint p, string text, OxyColor fill, string? fontFamily = null, double fontSize = 10,
            double fontWeight = 400, double rotation = 0, HorizontalAlignment horizontalAlignment = HorizontalAlignment.Left,
            VerticalAlignment verticalAlignment = VerticalAlignment.Top, OxySize? maxSize = null)
        {
            if (string.IsNullOrEmpty(text)) return;
            var (sin, cos) = Math.SinCos(rotation * Math.PI / 180);
            foreach (var (line, down) in MeasuringSurface.Baselines(text, fontSize, verticalAlignment))
                base.DrawText(new(p.X - sin * down, p.Y + cos * down), line, fill, fontFamily, fontSize, fontWeight, rotation,
                    horizontalAlignment, VerticalAlignment.Bottom, null);
        }
    }
}
