using LoraDrop.Domain;
using OxyPlot;

namespace LoraDrop.Figures.Drawing;

/// <summary>An entry of a legend: a box, or a line with a marker, and a name.</summary>
internal sealed record Key(string Name, OxyColor Fill, OxyColor Stroke, LineStyle Line = LineStyle.None,
    MarkerType Marker = MarkerType.None,
    bool Box = false)
{
    public static Key OfBox(string name, OxyColor fill) => new(name, fill, fill, Box: true);

    public static Key OfLine(string name, OxyColor colour, LineStyle line = LineStyle.Solid, MarkerType marker = MarkerType.None) =>
        new(name, colour, colour, line, marker);

    /// <summary>What the layers of these places use, in the order own, shared, none.</summary>
    public static IEnumerable<Key> Of(Theme theme, IEnumerable<Place> places) => places.Distinct().Order().Select(place => new Key(
        place switch { Place.Own => "LoRA of its own", Place.Shared => "shared LoRA", Place.None => "no LoRA" },
        theme.Fill(place), theme.Outline(place), Box: true));

    /// <summary>Draws the sign, 20 pixels wide.</summary>
    public void Draw(IRenderContext on, double x, double middle)
    {
        if (Box) on.DrawRectangle(new(x + 8, middle - 6, 12, 12), Fill, Stroke, 1, EdgeRenderingMode.PreferSharpness);
        if (Line != LineStyle.None)
            on.DrawLine([new(x, middle), new(x + 20, middle)], Stroke, 2, EdgeRenderingMode.PreferGeometricAccuracy, Line.GetDashArray());
        if (Marker != MarkerType.None)
            on.DrawMarker(new(x + 10, middle), Marker, null, 4, Fill, Stroke, 1, EdgeRenderingMode.PreferGeometricAccuracy);
    }
}
