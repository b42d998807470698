namespace LoraDrop.Figures.Drawing;

/// <summary>The fonts that the assembly carries, because a machine may have none.</summary>
internal static class Fonts
{
    /// <summary>What an SVG asks its viewer for: first the fonts whose widths were reckoned with.</summary>
    public const string Family = "Liberation Sans, Arial, Helvetica, DejaVu Sans, sans-serif";

    public static byte[] Regular => Read("LiberationSans-Regular.ttf");

    public static byte[] Bold => Read("LiberationSans-Bold.ttf");

    private static byte[] Read(string name)
    {
        using var stream = typeof(Fonts).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidDataException($"the assembly lacks {name}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
