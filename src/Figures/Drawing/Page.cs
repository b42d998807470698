using OxyPlot;

namespace LoraDrop.Figures.Drawing;

/// <summary>A page: a heading, a legend, and plots with texts at places that the figure gives; lengths are in pixels of the SVG.</summary>
internal sealed class Page
{
    public const double Margin = 20;

    private readonly List<Action<IRenderContext>> _drawn = [];
    private readonly List<PlotModel> _plots = [];
    private readonly Lock _drawing = new();

    public Page(FigureStyle style, string title, string? subtitle = null)
    {
        style.Checked();
        (Theme, Width, PngScale, Title) = (Theme.Of(style), style.Width, style.PngScale, Words.Clean(style.Title ?? title));
        Text(Margin, 14, Words.Fitting(Title, Inner, 17, 700), 17, Theme.Text, weight: 700);
        Y = 40;
        if ((style.Subtitle ?? subtitle) is not { } line) return;
        Text(Margin, Y, Words.Fitting(line, Inner, 11.5), 11.5, Theme.Muted);
        Y += 18;
    }

    public Theme Theme { get; }
    public double Width { get; }
    public int PngScale { get; }
    public string Title { get; }

    /// <summary>Where the next thing may begin.</summary>
    public double Y { get; set; }

    /// <summary>Width between the margins.</summary>
    public double Inner => Width - 2 * Margin;

    public double Height => Y + Margin / 2;

    public void Draw(Action<IRenderContext> draw) => _drawn.Add(draw);

    public void Text(double x, double y, string text, double size, OxyColor colour, HorizontalAlignment across = HorizontalAlignment.Left,
        VerticalAlignment along = VerticalAlignment.Top, double weight = 400, double rotation = 0) =>
        Draw(on => on.DrawText(new ScreenPoint(x, y), text, colour, Fonts.Family, size, weight, rotation, across, along));

    /// <summary>Puts a plot on the page, axes and their titles included. Its axes can be asked for positions from here on.</summary>
    public void Place(PlotModel plot, double x, double y, double width, double height)
    {
        var at = new OxyRect(x, y, width, height);
        ((IPlotModel)plot).Update(true);
        Render(plot, new MeasuringSurface(), at);
        _plots.Add(plot);
        Draw(on => Render(plot, on, at));
    }

    /// <summary>A legend: one entry after the other, in as many lines as they need.</summary>
    public void Legend(IReadOnlyList<Key> keys)
    {
        const double size = 11.5, glyph = 26, gap = 18, line = 18;
        var x = Margin;
        foreach (var key in keys)
        {
            var name = Words.Fitting(key.Name, Math.Min(300, Inner - glyph), size);
            var width = glyph + FontWidths.Regular.Of(name, size);
            if (x > Margin && x + width > Width - Margin) (x, Y) = (Margin, Y + line);
            var (left, middle) = (x, Y + 8);
            Draw(on => key.Draw(on, left, middle));
            Text(x + glyph, middle, name, size, Theme.Muted, along: VerticalAlignment.Middle);
            x += width + gap;
        }
        Y += line + 6;
    }

    public void DrawOn(IRenderContext surface)
    {
        lock (_drawing) // a plot keeps where it was drawn
        {
            surface.DrawRectangle(new(0, 0, Width, Math.Ceiling(Height)), Theme.Page, OxyColors.Undefined, 0, EdgeRenderingMode.Adaptive);
            foreach (var draw in _drawn) draw(surface);
        }
    }

    private static void Render(PlotModel plot, IRenderContext surface, OxyRect at)
    {
        ((IPlotModel)plot).Render(surface, at);
        // the library draws its own failures as text into the picture
        if (plot.GetLastPlotException() is { } failure) throw new InvalidOperationException("a plot could not be drawn", failure);
    }
}
