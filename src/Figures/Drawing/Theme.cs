using LoraDrop.Domain;
using OxyPlot;

namespace LoraDrop.Figures.Drawing;

/// <summary>The colours of a page.</summary>
/// <remarks>The series are those of Okabe and Ito, which people with any kind of colour blindness can tell apart; the dark page has lighter
/// ones in the place of those that it would swallow. The ramp changes in lightness throughout, so that it can be read without
/// colour.</remarks>
internal sealed class Theme
{
    private Theme(string page, string text, string muted, string axis, string grid, string kept, string shared, string cut,
        string[] series, string[] ramp)
    {
        (Page, Text, Muted, Axis, Grid) = (Parse(page), Parse(text), Parse(muted), Parse(axis), Parse(grid));
        (Kept, Shared, Cut) = (Parse(kept), Parse(shared), Parse(cut));
        Series = [.. series.Select(Parse)];
        Ramp = OxyPalette.Interpolate(128, [.. ramp.Select(Parse)]);
    }

    public static Theme Light { get; } = new("#ffffff", "#15191d", "#3b4148", "#5c646d", "#e3e6ea", "#0072b2", "#b4bac1", "#c4500c",
        ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#15191d", "#8f8300"],
        ["#f4f7fa", "#c2d8ea", "#74add1", "#2b6ca8", "#08306b"]);

    public static Theme Dark { get; } = new("#14181d", "#f2f4f6", "#c3c9d0", "#8c949d", "#2d343c", "#56b4e9", "#6c757e", "#ff9d5c",
        ["#56b4e9", "#ff8c42", "#2fd3a4", "#e5a3c8", "#f0c64d", "#a5c8ff", "#f2f4f6", "#c7bb3c"],
        ["#1d242b", "#23425c", "#2f73a3", "#63b3e4", "#e3f3ff"]);

    public OxyColor Page { get; }
    public OxyColor Text { get; }
    public OxyColor Muted { get; }
    public OxyColor Axis { get; }
    public OxyColor Grid { get; }
    public OxyColor Kept { get; }
    public OxyColor Shared { get; }
    public OxyColor Cut { get; }
    public IReadOnlyList<OxyColor> Series { get; }
    public OxyPalette Ramp { get; }

    public static Theme Of(FigureStyle style) => style.Dark ? Dark : Light;

    public OxyColor SeriesAt(int index) => Series[index % Series.Count];

    /// <summary>After eight series the colours begin again, dashed and with another marker.</summary>
    public static LineStyle DashAt(int index) => (index / 8 % 3) switch { 0 => LineStyle.Solid, 1 => LineStyle.Dash, _ => LineStyle.Dot };

    public static MarkerType MarkerAt(int index) => (index % 4) switch
    {
        0 => MarkerType.Circle, 1 => MarkerType.Square, 2 => MarkerType.Triangle, _ => MarkerType.Diamond,
    };

    public OxyColor Fill(Place place) => place switch { Place.Own => Kept, Place.Shared => Shared, Place.None => Page };

    public OxyColor Outline(Place place) => place switch { Place.Own => Kept, Place.Shared => Shared, Place.None => Axis };

    /// <summary>Black or white, whichever can be read on a colour.</summary>
    public static OxyColor On(OxyColor back) =>
        0.299 * back.R + 0.587 * back.G + 0.114 * back.B > 140 ? OxyColor.FromRgb(0x15, 0x19, 0x1d) : OxyColors.White;

    private static OxyColor Parse(string colour) => OxyColor.Parse(colour);
}
