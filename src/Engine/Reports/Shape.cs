using System.Xml.Linq;

namespace LoraDrop.Engine.Reports;

/// <summary>SVG elements for charts; lengths are in pixels.</summary>
internal static class Shape
{
    public static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public static XElement Group(string type, double x, double y, params IEnumerable<XElement> content) =>
        Element("g", type, content, new XAttribute("transform", $"translate({Number(x)} {Number(y)})"));

    public static XElement Rect(string type, double x, double y, double width, double height, params IEnumerable<XElement> content) =>
        Element("rect", type, content, Length("x", x), Length("y", y), Length("width", width), Length("height", height));

    public static XElement Line(string type, double x1, double y1, double x2, double y2) =>
        Element("line", type, null, Length("x1", x1), Length("y1", y1), Length("x2", x2), Length("y2", y2));

    public static XElement Circle(string type, double x, double y, double radius) =>
        Element("circle", type, null, Length("cx", x), Length("cy", y), Length("r", radius));

    /// <summary>A path through points; closed paths can be filled.</summary>
    public static XElement Path(string type, IEnumerable<(double X, double Y)> points, bool closed = false) =>
        Element("path", type, null,
            new XAttribute("d", $"M{string.Join('L', points.Select(p => $"{Number(p.X)} {Number(p.Y)}"))}{(closed ? "Z" : "")}"));

    public static XElement Text(string type, double x, double y, string text) =>
        Element("text", type, text, Length("x", x), Length("y", y));

    /// <summary>Text rotated to read upwards from its point.</summary>
    public static XElement UprightText(string type, double x, double y, double size, string text) =>
        Element("text", type, text, new XAttribute("transform", $"translate({Number(x)} {Number(y)}) rotate(-90)"),
            new XAttribute("style", $"font-size:{Number(size)}px"));

    /// <summary>The tooltip of the parent element.</summary>
    public static XElement Title(string text) => new(Svg + "title", text);

    private static XElement Element(string name, string type, object? content, params XAttribute[] attributes) =>
        new(Svg + name, new XAttribute("class", type), attributes, content);

    private static XAttribute Length(string name, double value) => new(name, Number(value));

    private static string Number(double value) => value.ToString("0.##");
}
