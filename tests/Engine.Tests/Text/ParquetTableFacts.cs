using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>What Parquet stores in ways of its own is read by its value, or told in plain words.</summary>
public sealed class ParquetTableFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Texts_are_read_however_they_are_stored()
    {
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null, ("plain", ArrowFiles.Texts("a", "ü")), ("large", ArrowFiles.LargeTexts("a", "ü")), ("bytes", ArrowFiles.Bytes("a"u8.ToArray(), "ü"u8.ToArray())),
            ("category", ArrowFiles.Categories(["ü", "a"], 1, 0)), ("label", ArrowFiles.Texts("p", "q")));
        var split = DatasetInspection.Read(new(path)).Splits[0];
        Assert.All(split.Columns, column => Assert.Equal(ColumnType.Text, column.Type));
        foreach (var column in (string[])["plain", "large", "bytes", "category"]) Assert.Equal(["a", "ü"], Read(path, column, "label").Examples.Select(example => example.First));
        Assert.Empty(split.NotUsed);
    }

    [Fact]
    public void Decimals_and_numbers_that_are_whole_are_labels_by_value()
    {
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null, ("text", ArrowFiles.Texts("a", "b", "c")), ("decimal", ArrowFiles.Decimals(1.00m, 2.50m, 1.00m)), ("double", ArrowFiles.Doubles(1, 2, 1)));
        var columns = DatasetInspection.Read(new(path)).Splits[0].Columns;
        Assert.Equal([ColumnType.Number, ColumnType.Whole], columns.Skip(1).Select(column => column.Type));
        Assert.Equal(["1", "2.5"], Read(path, "text", "decimal").Labels);
        Assert.Equal(["1", "2"], Read(path, "text", "double").Labels);
        var regression = new TaskSettings { Kind = TaskKind.Regression, Metric = Metric.Pearson, Columns = new("text", null, "decimal") };
        Assert.Equal([1, 2.5, 1], Dataset.Read(path, regression).Examples.Select(example => example.Label));
    }

    [Fact]
    public void Dates_lists_and_bytes_that_are_no_text_are_not_used_and_refused_where_a_task_wants_them()
    {
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null, ("text", ArrowFiles.Texts("a", "b")), ("label", ArrowFiles.Texts("p", "q")), ("day", ArrowFiles.Days(new DateTime(2026, 1, 6), new DateTime(2026, 1, 7))),
            ("image", ArrowFiles.Bytes([0xff, 0xd8], [0xff, 0xd8])));
        var split = DatasetInspection.Read(new(path)).Splits[0];
        Assert.Equal(["day", "image"], split.NotUsed);
        Assert.Equal(["column image cannot be read: row 1 holds bytes that are no text in UTF-8"], split.Remarks);
        Assert.Equal("d.parquet row 1 column day: must be a text; it is a date; so in 1 more row", Assert.Throws<RefusedInputException>(() => Read(path, "day", "label")).Message);
        Assert.Equal("d.parquet row 1 column image: holds bytes that are no text in UTF-8; so in 1 more row", Assert.Throws<RefusedInputException>(() => Read(path, "image", "label")).Message);
        Assert.Equal(2, Read(path, "text", "label").Examples.Count);
    }

    [Fact]
    public void A_column_that_is_damaged_hinders_nobody_who_does_not_read_it()
    {
        string[] texts = [.. Enumerable.Range(0, 50).Select(i => $"damage {i} here")];
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null, ("text", ArrowFiles.Texts(Enumerable.Range(0, 50).Select(i => $"text {i}"))), ("label", ArrowFiles.Longs(Enumerable.Range(0, 50).Select(i => i % 2L))), ("note", ArrowFiles.Texts(texts)));
        var bytes = File.ReadAllBytes(path);
        var at = bytes.AsSpan().IndexOf((byte[])[13, 0, 0, 0, .. "damage 0 here"u8]);
        Assert.True(at > 0, "the texts are packed otherwise than this test supposes");
        bytes.AsSpan(at, 4).Fill(0xff);   // the length of the first text
        File.WriteAllBytes(path, bytes);
        var split = DatasetInspection.Read(new(path)).Splits[0];
        Assert.Equal(["note"], split.NotUsed);
        Assert.StartsWith("column note cannot be read: ", Assert.Single(split.Remarks));
        Assert.Equal(50, Read(path, "text", "label").Examples.Count);
        Assert.StartsWith("d.parquet column note: cannot be read: ", Assert.Throws<RefusedInputException>(() => Read(path, "note", "label")).Message);
    }

    [Fact]
    public void No_cut_and_no_changed_byte_ends_the_process()
    {
        var whole = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Cases", "parquet", "conversations.parquet"));
        for (var length = 0; length < whole.Length; length += 7) Refused(whole[..length]);
        var random = new SplitMix64(5);
        for (var round = 0; round < 400; round++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[random.NextBelow(damaged.Length)] = (byte)random.NextBelow(256);
            Refused(damaged);
        }
    }

    /// <summary>Reads it, or says why not.</summary>
    private void Refused(byte[] bytes)
    {
        var path = _folder.File("damaged.parquet", bytes);
        try
        {
            DatasetInspection.Read(new(path));
        }
        catch (RefusedInputException refused)
        {
            Assert.NotEmpty(refused.Faults);
        }
    }

    private static Dataset Read(string path, string text, string label) => Dataset.Read(path, new() { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new(text, null, label) });
}
