using System.Text;
using System.Xml;

namespace LoraDrop.Figures.Drawing;

/// <summary>Texts and numbers as they are drawn.</summary>
internal static class Words
{
    /// <summary>A name on one line, without characters that XML cannot hold and without what the plotting library takes for
    /// mathematics.</summary>
    public static string Clean(string name)
    {
        var clean = new StringBuilder();
        foreach (var rune in name.EnumerateRunes()) // an unpaired surrogate becomes U+FFFD
        {
            if (rune.Value is '\n' or '\r' or '\t') clean.Append(' ');
            else if (rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value)) clean.Append('\uFFFD');
            else clean.Append(rune);
        }
        return clean.Replace("_{", "_\u200B{").Replace("^{", "^\u200B{").ToString();
    }

    /// <summary>A name that is cut in its middle to fit a width in pixels, because names often differ at their end.</summary>
    public static string Fitting(string name, double width, double size, double weight = 400)
    {
        name = Clean(name);
        var widths = FontWidths.At(weight);
        if (widths.Of(name, size) <= width) return name;
        Rune[] runes = [.. name.EnumerateRunes()];
        for (var kept = runes.Length - 1; kept > 1; kept--)
        {
            var shorter = string.Concat(runes[..((kept + 1) / 2)]) + "…" + string.Concat(runes[^(kept / 2)..]);
            if (widths.Of(shorter, size) <= width) return shorter;
        }
        return "…";
    }

    /// <summary>A count with K, M or B: 294912 is 295K.</summary>
    public static string Short(double count) => Math.Abs(count) switch
    {
        >= 999.5e6 => $"{Three(count / 1e9)}B",
        >= 999.5e3 => $"{Three(count / 1e6)}M",
        >= 1000 => $"{Three(count / 1e3)}K",
        _ => Three(count),
    };

    /// <summary>Three significant digits.</summary>
    public static string Three(double value) => value.ToString("G3");

    /// <summary>A score: one decimal from 10 on, three digits below.</summary>
    public static string Score(double value) => Math.Abs(value) >= 10 ? value.ToString("0.0") : Three(value);

    /// <summary>I with three decimals and without the leading zero.</summary>
    public static string Importance(double I) => I >= 0.9995 ? I.ToString("0.00") : I.ToString(".000");

    /// <summary>Names in a sentence: "a, b and c".</summary>
    public static string List(IReadOnlyList<string> names) => names.Count switch
    {
        1 => names[0],
        _ => $"{string.Join(", ", names.SkipLast(1))} and {names[^1]}",
    };

    /// <summary>"1 layer", "2 layers".</summary>
    public static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
