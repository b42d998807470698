using OxyPlot;

namespace LoraDrop.Figures.Drawing;

/// <summary>A surface that only measures: for the SVG, and to find out where a plot's axes come to lie.</summary>
internal class MeasuringSurface : ClippingRenderContext
{
    /// <summary>The lines of a text, each with how far its baseline lies below the point where the text is put.</summary>
    public static IEnumerable<(string Line, double Down)> Baselines(string text, double size, VerticalAlignment along)
    {
        const double ascent = 0.91; // of the fonts, in units of their size
        var lines = text.Split('\n');
        var line = size * FontWidths.LineHeight;
        var top = along switch
        {
            VerticalAlignment.Top => 0,
            VerticalAlignment.Middle => -lines.Length * line / 2,
            VerticalAlignment.Bottom => -lines.Length * line,
        };
        return lines.Select((words, index) => (words, top + index * line + ascent * size));
    }

    public override OxySize MeasureText(string text, string? fontFamily, double fontSize, double fontWeight)
    {
        if (string.IsNullOrEmpty(text)) return OxySize.Empty;
        var lines = text.Split('\n');
        return new(lines.Max(line => FontWidths.At(fontWeight).Of(line, fontSize)), lines.Length * fontSize * FontWidths.LineHeight);
    }

    public override void DrawLine(IList<ScreenPoint> points, OxyColor stroke, double thickness, EdgeRenderingMode edgeRenderingMode,
        double[]? dashArray = null, LineJoin lineJoin = LineJoin.Miter)
    {
    }

    public override void DrawPolygon(IList<ScreenPoint> points, OxyColor fill, OxyColor stroke, double thickness,
        EdgeRenderingMode edgeRenderingMode, double[]? dashArray = null, LineJoin lineJoin = LineJoin.Miter)
    {
    }

    public override void DrawText(ScreenPoint p, string text, OxyColor fill, string? fontFamily = null, double fontSize = 10,
        double fontWeight = 400, double rotation = 0, HorizontalAlignment horizontalAlignment = HorizontalAlignment.Left,
        VerticalAlignment verticalAlignment = VerticalAlignment.Top, OxySize? maxSize = null)
    {
    }

    protected override void SetClip(OxyRect clippingRectangle)
    {
    }

    protected override void ResetClip()
    {
    }
}
