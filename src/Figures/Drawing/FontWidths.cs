using System.Buffers.Binary;

namespace LoraDrop.Figures.Drawing;

/// <summary>How wide texts are in the fonts that the assembly carries, read from the fonts' own tables without native code.</summary>
/// <remarks>Liberation Sans has the widths of Arial and Helvetica, so an SVG fits on machines that have one of the three.</remarks>
internal sealed class FontWidths
{
    /// <summary>Height of a line in units of the font size.</summary>
    public const double LineHeight = 1.15;

    private readonly Dictionary<int, double> _widths = [];

    private FontWidths(byte[] font)
    {
        var (head, hhea, hmtx, cmap) = (Table(font, "head"), Table(font, "hhea"), Table(font, "hmtx"), Table(font, "cmap"));
        var (unitsPerEm, last) = ((double)Word(font, head + 18), Word(font, hhea + 34) - 1);
        var segments = Enumerable.Range(0, Word(font, cmap + 2)).Select(i => cmap + (int)Long(font, cmap + 4 + 8 * i + 4))
            .First(at => Word(font, at) == 4); // the format that holds the basic plane
        var twice = Word(font, segments + 6);
        for (var i = 0; i < twice; i += 2)
        {
            var (end, start) = (Word(font, segments + 14 + i), Word(font, segments + 16 + twice + i));
            var (delta, at) = (Word(font, segments + 16 + 2 * twice + i), segments + 16 + 3 * twice + i);
            var offset = Word(font, at);
            for (var code = start; code <= end && code != 0xffff; code++)
            {
                var glyph = offset == 0 ? code + delta : Word(font, at + offset + 2 * (code - start)) is var found and not 0 ? found
                    + delta : 0;
                if ((glyph & 0xffff) is var index and not 0)
                    _widths[code] = Word(font, hmtx + 4 * Math.Min(index, last)) / unitsPerEm;
            }
        }
    }

    public static FontWidths Regular { get; } = new(Fonts.Regular);

    public static FontWidths Bold { get; } = new(Fonts.Bold);

    public static FontWidths At(double weight) => weight >= 600 ? Bold : Regular;

    public bool Has(int character) => _widths.ContainsKey(character);

    /// <summary>Width of one line in pixels. A character that the font lacks counts as wide as those of its kind are.</summary>
    public double Of(string text, double size) =>
        size * text.EnumerateRunes().Sum(rune => _widths.TryGetValue(rune.Value, out var width) ? width : rune.Value >= 0x1100 ? 1 : 0.6);

    private static int Table(byte[] font, string name)
    {
        for (var i = 0; i < Word(font, 4); i++)
            if (font.AsSpan(12 + 16 * i, 4).SequenceEqual(System.Text.Encoding.ASCII.GetBytes(name)))
                return (int)Long(font, 12 + 16 * i + 8);
        throw new InvalidDataException($"the font has no table {name}");
    }

    private static int Word(byte[] font, int at) => BinaryPrimitives.ReadUInt16BigEndian(font.AsSpan(at));

    private static uint Long(byte[] font, int at) => BinaryPrimitives.ReadUInt32BigEndian(font.AsSpan(at));
}
