using System.Text;
using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>Reads the E2E files published by Hu et al. 2021: lines <c>input||text</c>, with the columns <c>input</c> and
/// <c>text</c>.</summary>
internal sealed class E2eLines(DataBytes bytes) : TableReader(bytes)
{
    private const string Input = "input", Text = "text", Between = "||";

    public override void ReadCells(ICellSink to, ChatReading chat, DataFaults faults)
    {
        var (input, text) = (to.Begin(Input), to.Begin(Text));
        foreach (var (place, before, after) in Rows(faults))
        {
            input?.AddText(place, before, CellKind.Text);
            text?.AddText(place, after, CellKind.Text);
            to.Rows++;
        }
    }

    public override IEnumerable<(RowPlace Place, JsonElement Row)> ReadObjects(DataFaults faults) =>
        Rows(faults).Select(row => (row.Place, JsonSerializer.SerializeToElement(new Dictionary<string, string> { [Input] = row.Input,
            [Text] = row.Text })));

    private IEnumerable<(RowPlace Place, string Input, string Text)> Rows(DataFaults faults)
    {
        using var stream = Bytes.Read();
        foreach (var (number, bytes) in Utf8Text.Lines(stream, faults))
        {
            var (place, line) = (new RowPlace(number, number), Encoding.UTF8.GetString(bytes.Span));
            var at = line.IndexOf(Between, StringComparison.Ordinal);
            if (at < 0) faults.Add($"{place}", $"must be an input and a text with {Between} between them");
            else yield return (place, line[..at].Trim(), line[(at + Between.Length)..].Trim());
        }
    }
}
