using OxyPlot;
using SkiaSharp;

namespace LoraDrop.Figures.Drawing;

/// <summary>Draws a page as PNG with Skia, in the fonts that the assembly carries.</summary>
internal sealed class PngDrawing : MeasuringSurface
{
    private static readonly Lazy<SKTypeface> Regular = new(() => Typeface(Fonts.Regular)), Bold = new(() => Typeface(Fonts.Bold));

    private readonly SKCanvas _canvas;
    private readonly float _scale;

    private PngDrawing(SKCanvas canvas, float scale) => (_canvas, _scale) = (canvas, scale);

    public static byte[] Of(Page page, int width, int height)
    {
        var scale = page.PngScale;
        using var bitmap = new SKBitmap(new SKImageInfo(width * scale, height * scale, SKColorType.Rgba8888, SKAlphaType.Premul));
        using var canvas = new SKCanvas(bitmap);
        page.DrawOn(new PngDrawing(canvas, scale));
        using var image = SKImage.FromBitmap(bitmap);
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    public override void DrawLine(IList<ScreenPoint> points, OxyColor stroke, double thickness, EdgeRenderingMode edgeRenderingMode,
        double[]? dashArray = null, LineJoin lineJoin = LineJoin.Miter)
    {
        if (points.Count < 2 || !stroke.IsVisible() || thickness <= 0) return;
        using var path = Path(points, closed: false, Snap(points, thickness, edgeRenderingMode));
        using var paint = Stroke(stroke, thickness, dashArray, lineJoin);
        _canvas.DrawPath(path, paint);
    }

    public override void DrawPolygon(IList<ScreenPoint> points, OxyColor fill, OxyColor stroke, double thickness,
        EdgeRenderingMode edgeRenderingMode, double[]? dashArray = null, LineJoin lineJoin = LineJoin.Miter)
    {
        if (points.Count < 2) return;
        using var path = Path(points, closed: true, Snap(points, stroke.IsVisible() ? thickness : 0, edgeRenderingMode));
        if (fill.IsVisible())
        {
            using var paint = new SKPaint { Color = Colour(fill), IsAntialias = true };
            _canvas.DrawPath(path, paint);
        }
        if (!stroke.IsVisible() || thickness <= 0) return;
        using var pen = Stroke(stroke, thickness, dashArray, lineJoin);
        _canvas.DrawPath(path, pen);
    }

    public override void DrawText(ScreenPoint p, string text, OxyColor fill, string? fontFamily = null, double fontSize = 10,
        double fontWeight = 400, double rotation = 0, HorizontalAlignment horizontalAlignment = HorizontalAlignment.Left,
        VerticalAlignment verticalAlignment = VerticalAlignment.Top, OxySize? maxSize = null)
    {
        if (string.IsNullOrEmpty(text) || !fill.IsVisible()) return;
        using var paint = new SKPaint { Color = Colour(fill), IsAntialias = true };
        _canvas.Save();
        _canvas.Translate((float)p.X * _scale, (float)p.Y * _scale);
        _canvas.RotateDegrees((float)rotation);
        foreach (var (words, down) in Baselines(text, fontSize, verticalAlignment))
        {
            var width = FontWidths.At(fontWeight).Of(words, fontSize);
            var x = horizontalAlignment switch
            {
                HorizontalAlignment.Left => 0,
                HorizontalAlignment.Center => -width / 2,
                HorizontalAlignment.Right => -width,
            };
            DrawLine(words, x, down, fontSize, fontWeight, paint);
        }
        _canvas.Restore();
    }

    protected override void SetClip(OxyRect clippingRectangle)
    {
        _canvas.Save();
        _canvas.ClipRect(new((float)clippingRectangle.Left * _scale, (float)clippingRectangle.Top * _scale,
            (float)clippingRectangle.Right * _scale, (float)clippingRectangle.Bottom * _scale), SKClipOperation.Intersect, true);
    }

    protected override void ResetClip() => _canvas.Restore();

    /// <summary>Draws one line. Characters that the carried font lacks come from a font of the machine, if it has one with them.</summary>
    private void DrawLine(string text, double x, double y, double size, double weight, SKPaint paint)
    {
        var widths = FontWidths.At(weight);
        var own = weight >= 600 ? Bold.Value : Regular.Value;
        foreach (var run in Runs(text, widths))
        {
            var other = widths.Has(run.EnumerateRunes().First().Value)
                ? null : SKFontManager.Default.MatchCharacter(run.EnumerateRunes().First().Value);
            using (var font = new SKFont(other ?? own, (float)size * _scale)
                { Subpixel = true, Hinting = SKFontHinting.None, Edging = SKFontEdging.Antialias })
                _canvas.DrawText(run, (float)x * _scale, (float)y * _scale, SKTextAlign.Left, font, paint);
            other?.Dispose();
            x += widths.Of(run, size);
        }
    }

    /// <summary>A text in pieces whose characters the font has all or has none.</summary>
    private static IEnumerable<string> Runs(string text, FontWidths widths)
    {
        var run = new System.Text.StringBuilder();
        bool? had = null;
        foreach (var rune in text.EnumerateRunes())
        {
            if (had is { } before && before != widths.Has(rune.Value))
            {
                yield return run.ToString();
                run.Clear();
            }
            had = widths.Has(rune.Value);
            run.Append(rune);
        }
        if (run.Length > 0) yield return run.ToString();
    }

    private SKPaint Stroke(OxyColor colour, double thickness, double[]? dashes, LineJoin join)
    {
        var paint = new SKPaint
        {
            Color = Colour(colour), IsAntialias = true, Style = SKPaintStyle.Stroke, StrokeWidth = (float)thickness * _scale,
            StrokeJoin = join switch
            {
                LineJoin.Miter => SKStrokeJoin.Miter, LineJoin.Round => SKStrokeJoin.Round, LineJoin.Bevel => SKStrokeJoin.Bevel,
            },
        };
        if (dashes is null) return paint;
        using var effect = SKPathEffect.CreateDash([.. dashes.Select(dash => (float)(dash * thickness) * _scale)], 0);
        paint.PathEffect = effect;
        return paint;
    }

    private SKPath Path(IList<ScreenPoint> points, bool closed, float? snap)
    {
        using var path = new SKPathBuilder();
        path.MoveTo(At(points[0].X), At(points[0].Y));
        foreach (var point in points.Skip(1)) path.LineTo(At(point.X), At(point.Y));
        if (closed) path.Close();
        return path.Detach();

        float At(double position) => snap is { } half ? MathF.Round((float)position * _scale - half) + half : (float)position * _scale;
    }

    /// <summary>Half a pixel for upright and level lines of an odd number of pixels, which would blur over two otherwise.</summary>
    private float? Snap(IList<ScreenPoint> points, double thickness, EdgeRenderingMode mode)
    {
        if (mode == EdgeRenderingMode.PreferGeometricAccuracy) return null;
        for (var i = 1; i < points.Count; i++)
            if (Math.Abs(points[i].X - points[i - 1].X) > 1e-3 && Math.Abs(points[i].Y - points[i - 1].Y) > 1e-3) return null;
        return (int)Math.Round(thickness * _scale) % 2 == 1 ? 0.5f : 0;
    }

    private static SKTypeface Typeface(byte[] font)
    {
        using var data = SKData.CreateCopy(font);
        return SKTypeface.FromData(data);
    }

    private static SKColor Colour(OxyColor colour) => new(colour.R, colour.G, colour.B, colour.A);
}
