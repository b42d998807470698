namespace LoraDrop.Engine.Data;

/// <summary>A row, counted from 1 without the header, and in text files its first line: <c>row 7 (line 8)</c>.</summary>
internal readonly record struct RowPlace(int Row, long? Line = null)
{
    public override string ToString() => Line is null ? $"row {Row}" : $"row {Row} (line {Line})";
}
