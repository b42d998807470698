namespace LoraDrop.Domain;
public enum ColumnType { Text, Whole, Number, Boolean }
public sealed record DatasetFacts(IReadOnlyList<SplitFacts> Splits);
public sealed record SplitFacts(string Split, string File, long Bytes, string Sha256, int Rows, bool Header, IReadOnlyList<ColumnFacts> Columns, IReadOnlyList<IReadOnlyList<string>> Preview);
public sealed record ColumnFacts(string Name, ColumnType Type, int Empty, string? FirstEmpty, int Distinct, IReadOnlyDictionary<string, int>? Values, string? FirstNotNumber, int Longest);
