using System.Text;

namespace LoraDrop.Figures.Drawing;

/// <summary>What a figure draws, as CSV after RFC 4180 with line feeds.</summary>
internal sealed class CsvTable
{
    private readonly StringBuilder _text = new();

    public CsvTable(params string[] header) => Row([.. header]);

    /// <summary>Adds a row; numbers are written so that reading gives them back, and null is empty.</summary>
    public void Row(params object?[] cells) => _text.AppendJoin(',', cells.Select(Cell)).Append('\n');

    public override string ToString() => _text.ToString();

    private static string Cell(object? value)
    {
        var text = value switch { null => "", double number => number.ToString("R"), _ => value.ToString()! };
        return text.AsSpan().IndexOfAny("\",\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"")}\"";
    }
}
