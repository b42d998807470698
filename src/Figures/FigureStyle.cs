namespace LoraDrop.Figures;

/// <summary>How a figure looks.</summary>
/// <param name="Dark">Light text on a dark page instead of dark text on a white one.</param>
/// <param name="Width">Width in pixels of the SVG, 480 to 4000; the height follows from what is drawn.</param>
/// <param name="PngScale">Pixels of the PNG per pixel of the SVG, 1 to 4: 2 is sharp on dense screens.</param>
/// <param name="Title">The heading, or null for the figure's own.</param>
/// <param name="Subtitle">A line under the heading, or null for the figure's own, if it has one.</param>
public sealed record FigureStyle(bool Dark = false, int Width = 900, int PngScale = 2, string? Title = null, string? Subtitle = null)
{
    /// <summary>Light, 900 pixels wide.</summary>
    public static FigureStyle Default { get; } = new();

    internal FigureStyle Checked()
    {
        if (Width is < 480 or > 4000) throw new ArgumentException($"a figure is 480 to 4000 pixels wide; got {Width}");
        if (PngScale is < 1 or > 4) throw new ArgumentException($"a PNG has 1 to 4 pixels per pixel of the SVG; got {PngScale}");
        return this;
    }
}
