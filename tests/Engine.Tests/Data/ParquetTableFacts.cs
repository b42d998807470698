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
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null, ("plain", ArrowFiles.Texts("a", "ü")),
            ("large", ArrowFiles.LargeTexts("a", "ü")), ("bytes", ArrowFiles.Bytes("a"u8.ToArray(), "ü"u8.ToArray())),
            ("category", ArrowFiles.Categories(["ü", "a"], 1, 0)), ("label", ArrowFiles.Texts("p", "q")));
        var split = DatasetInspection.Read(new(path)).Splits[0];
        Assert.All(split.Columns, column => Assert.Equal(ColumnType.Text, column.Type));
        foreach (var column in (string[])["plain", "large", "bytes", "category"])
            Assert.Equal(["a", "ü"], Read(path, column, "label").Examples.Select(example => example.First));
        Assert.Empty(split.NotUsed);
    }

    [Fact]
    public void Decimals_and_numbers_that_are_whole_are_labels_by_value()
    {
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null, ("text", ArrowFiles.Texts("a", "b", "c")),
            ("decimal", ArrowFiles.Decimals(1.00m, 2.50m, 1.00m)), ("double", ArrowFiles.Doubles(1, 2, 1)));
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
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null, ("text", ArrowFiles.Texts("a", "b")),
            ("label", ArrowFiles.Texts("p", "q")), ("day", ArrowFiles.Days(new DateTime(2026, 1, 6), new DateTime(2026, 1, 7))),
            ("image", ArrowFiles.Bytes([0xff, 0xd8], [0xff, 0xd8])));
        var split = DatasetInspection.Read(new(path)).Splits[0];
        Assert.Equal(["day", "image"], split.NotUsed);
        Assert.Equal(["column image cannot be read: row 1 holds bytes that are no text in UTF-8"], split.Remarks);
        Assert.Equal("d.parquet row 1 column day: must be a text; it is a date; so in 1 more row",
            Assert.Throws<RefusedInputException>(() => Read(path, "day", "label")).Message);
        Assert.Equal("d.parquet row 1 column image: holds bytes that are no text in UTF-8; so in 1 more row",
            Assert.Throws<RefusedInputException>(() => Read(path, "image", "label")).Message);
        Assert.Equal(2, Read(path, "text", "label").Examples.Count);
    }

    [Fact]
    public void Texts_marked_as_JSON_are_the_values_that_they_spell()
    {
        string?[] cells = ["\"a \\\"good\\\" one\\n\"", "2.50", "true", "null", null, "[1]", "{\"a\": 1}", "\"\\ud800\""];
        var path = ArrowFiles.WriteJson(_folder.At("d.parquet"), ("value", cells));
        var lines = _folder.File("d.jsonl", string.Concat(cells.Select(cell => $"{{\"value\": {cell ?? "null"}}}\n")));
        CellTable parquet = Cells(path), jsonl = Cells(lines);
        Assert.Equal(["a \"good\" one\n", "2.5", "true", "", "", "a list", "an object", "holds half of a surrogate pair"],
            Enumerable.Range(0, cells.Length).Select(row => parquet["value", row]));
        foreach (var row in Enumerable.Range(0, cells.Length))
        {
            Assert.Equal(jsonl["value", row], parquet["value", row]);
            foreach (var numbers in (bool[])[true, false])
                Assert.Equal(jsonl.FaultOf("value", row, numbers), parquet.FaultOf("value", row, numbers));
        }
        var faults = new DataFaults("d");
        using TableFile first = TableFile.Open(path, faults)!, second = TableFile.Open(lines, faults)!;
        Assert.Equal(second.ReadObjects().Select(row => row.Row.GetRawText().Replace(" ", "")),
            first.ReadObjects().Select(row => row.Row.GetRawText().Replace(" ", "")));
        Assert.False(faults.Any);
    }

    [Theory]
    [InlineData("good", "is marked as JSON and is none: 'g' is an invalid start of a value. (byte 1 of line 1)")]
    [InlineData("\"a\" \"b\"",
        "is marked as JSON and is none: '\"' is invalid after a single JSON value. Expected end of data. (byte 5 of line 1)")]
    public void A_text_marked_as_JSON_that_is_none_is_refused_where_a_task_wants_it(string cell, string fault)
    {
        var path = ArrowFiles.WriteJson(_folder.At("d.parquet"), ("text", ["\"a\"", "\"b\"", "\"c\""]), ("label", ["1", "2", "1"]),
            ("note", ["\"a\"", cell, "\"c\""]));
        var split = DatasetInspection.Read(new(path)).Splits[0];
        Assert.Equal(["note"], split.NotUsed);
        Assert.Equal([$"column note cannot be read: row 2 {fault}"], split.Remarks);
        Assert.Equal(["a", "b", "c"], Read(path, "text", "label").Examples.Select(example => example.First));
        Assert.Equal($"d.parquet row 2 column note: {fault}",
            Assert.Throws<RefusedInputException>(() => Read(path, "note", "label")).Message);
    }

    [Fact]
    public void A_conversation_that_should_be_JSON_and_is_none_is_a_fault_of_its_row()
    {
        var talk = """[{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]""";
        var path = ArrowFiles.WriteJson(_folder.At("d.parquet"),
            ("messages", [talk, talk[..^1], talk, "[{\"role\": \"user\", \"role\": \"user\"}]"]));
        string[] faults =
            [.. Assert.Throws<RefusedInputException>(() => DatasetInspection.Read(new(path))).Faults.Select(fault => $"{fault}")];
        Assert.Equal(2, faults.Length);
        Assert.StartsWith("d.parquet row 2 column messages: is marked as JSON and is none: ", faults[0]);
        Assert.StartsWith("d.parquet row 4 column messages: is marked as JSON and is none: Duplicate property 'role'", faults[1]);
    }

    [Fact]
    public void A_column_that_is_damaged_hinders_nobody_who_does_not_read_it()
    {
        string[] texts = [.. Enumerable.Range(0, 50).Select(i => $"damage {i} here")];
        var path = ArrowFiles.Write(_folder.At("d.parquet"), null,
            ("text", ArrowFiles.Texts(Enumerable.Range(0, 50).Select(i => $"text {i}"))),
            ("label", ArrowFiles.Longs(Enumerable.Range(0, 50).Select(i => i % 2L))), ("note", ArrowFiles.Texts(texts)));
        var bytes = File.ReadAllBytes(path);
        var at = bytes.AsSpan().IndexOf((byte[])[13, 0, 0, 0, .. "damage 0 here"u8]);
        Assert.True(at > 0, "the texts are packed otherwise than this test supposes");
        bytes.AsSpan(at, 4).Fill(0xff);   // the length of the first text
        File.WriteAllBytes(path, bytes);
        var split = DatasetInspection.Read(new(path)).Splits[0];
        Assert.Equal(["note"], split.NotUsed);
        Assert.StartsWith("column note cannot be read: ", Assert.Single(split.Remarks));
        Assert.Equal(50, Read(path, "text", "label").Examples.Count);
        Assert.StartsWith("d.parquet column note: cannot be read: ",
            Assert.Throws<RefusedInputException>(() => Read(path, "note", "label")).Message);
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

    private static CellTable Cells(string path)
    {
        var faults = new DataFaults(Path.GetFileName(path));
        using var file = TableFile.Open(path, faults);
        var cells = new CellTable(["value"]);
        Assert.True(file!.ReadCells(cells, ConversationCells.AsAny));
        Assert.False(faults.Any);
        return cells;
    }

    private static Dataset Read(string path, string text, string label) =>
        Dataset.Read(path, new() { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new(text, null, label) });
}
