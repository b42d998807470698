using LoraDrop.Figures.Drawing;

namespace LoraDrop.Figures;

/// <summary>A picture of numbers, in every form in which it is handed out. The same input gives the same bytes.</summary>
public sealed class Figure
{
    private readonly Lazy<string> _svg;
    private readonly Lazy<byte[]> _png;

    internal Figure(Page page, string csv, string altText)
    {
        (Width, Height, Csv, AltText) = ((int)page.Width, (int)Math.Ceiling(page.Height), csv, altText);
        _svg = new(() => SvgDrawing.Of(page, Width, Height, altText));
        _png = new(() => PngDrawing.Of(page, Width, Height));
    }

    /// <summary>Width of the SVG in pixels.</summary>
    public int Width { get; }

    /// <summary>Height of the SVG in pixels.</summary>
    public int Height { get; }

    /// <summary>The picture as SVG, with its texts as text and without references to other files. No native code draws it.</summary>
    public string Svg => _svg.Value;

    /// <summary>The picture as PNG, <see cref="FigureStyle.PngScale"/> times as large, in fonts that the assembly carries.</summary>
    public byte[] Png => _png.Value;

    /// <summary>The numbers that are drawn, as CSV with a header.</summary>
    public string Csv { get; }

    /// <summary>One sentence that says what is seen, and which values are left out because they are not finite numbers.</summary>
    public string AltText { get; }
}
