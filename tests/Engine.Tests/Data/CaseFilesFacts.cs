using System.IO.Compression;
using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Files as people have them, which went wrong once: the inspection of an upload, training and the columns of both say the same of
/// each.</summary>
public sealed class CaseFilesFacts : IDisposable
{
    private static readonly TaskSettings Labelled =
        new() { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new("text", null, "label") };

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("half-label-first.csv.gz")]
    [InlineData("half-label-first.tsv.gz")]
    [InlineData("cut-at-row.csv.gz")]
    [InlineData("cut-trailer.csv.gz")]
    public void A_packed_file_that_was_cut_off_is_refused_by_all(string name)
    {
        foreach (var read in Readings(Case("cut-gzip", name)))
            Assert.Contains(" is cut off", Assert.Single(Assert.Throws<RefusedInputException>(read).Faults,
                fault => fault.Message.StartsWith("cannot be unpacked", StringComparison.Ordinal)).Message);
    }

    [Fact]
    public void The_whole_one_is_read_whole()
    {
        var path = Case("cut-gzip", "whole.csv.gz");
        Assert.Equal(3000, SplitOf(path).Rows);
        Assert.Equal(3000, Dataset.Read(path, Labelled).Examples.Count);
    }

    [Theory]   // the same of every text format, at every kind of cut
    [InlineData("d.jsonl.gz", "{\"text\": \"x\", \"label\": \"a\"}\n")]
    [InlineData("d.txt.gz", "x || y\n")]
    public void No_packed_file_is_taken_for_whole_where_it_is_cut_anywhere(string name, string row)
    {
        var packed = Packed(string.Concat(Enumerable.Repeat(row, 40)));
        for (var length = 0; length < packed.Length; length++)
        {
            var path = _folder.File(name, packed[..length]);
            Assert.Throws<RefusedInputException>(() => SplitOf(path));
        }
        Assert.Equal(40, SplitOf(_folder.File(name, packed)).Rows);
    }

    [Theory]
    [InlineData("train-floats.csv", "val-ints.csv")]
    [InlineData("train-ints.csv", "val-floats.csv")]
    [InlineData("train-floats.csv", "val-floats.csv")]
    public void Numbers_that_are_equal_are_one_class(string train, string validation)
    {
        string trained = Case("label-numbers", train), validated = Case("label-numbers", validation);
        var data = TrainingData.Read(new(trained, validated), Labelled, 42);
        Assert.Equal(["1", "2", "3"], data.Train.Labels);
        var classes = data.Train.Examples.DistinctBy(example => example.First)
            .ToDictionary(example => example.First, example => example.Class);
        Assert.All(data.Validation.Examples, example => Assert.Equal(classes[example.First], example.Class));
        var facts = DatasetInspection.Read(new(trained, validated));
        Assert.All(facts.Splits, split => Assert.Equal(ColumnType.Whole, split.Columns[1].Type));
        Assert.Equal(["1", "2", "3", "1", "2"], facts.Splits.SelectMany(split => split.Columns[1].Values!.Keys));
        Assert.Empty(RequestFit.Faults(Request(Labelled), null, facts));
    }

    [Theory]
    [InlineData("0\n1\n", "1e0\n0.0\n", new[] { "0", "1" }, new[] { 1, 0 })]
    [InlineData("1\n2\n3\n", "+1\n2.00\n03\n", new[] { "1", "2", "3" }, new[] { 0, 1, 2 })]
    [InlineData("True\nFalse\n", "TRUE\nfalse\n", new[] { "false", "true" }, new[] { 1, 0 })]
    [InlineData("bad\ngood\n", "1\n0.0\n", new[] { "bad", "good" }, new[] { 1, 0 })]   // places, where no class is a number
        public void Labels_are_read_by_value(string train, string validation, string[] classes, int[] read)
    {
        static string Table(string labels, int times) =>
            "text,label\n" + string.Concat(Enumerable.Repeat(labels, times)
                .SelectMany(l => l.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Select((label, i) => $"text {i},{label}\n"));
        var data = TrainingData.Read(new(_folder.File("train.csv", Table(train, 10)), _folder.File("dev.csv", Table(validation, 1))),
            Labelled, 42);
        Assert.Equal(classes, data.Train.Labels);
        Assert.Equal(read, data.Validation.Examples.Select(example => example.Class));
        Assert.Equal(classes[0] == "bad" ? 1 : 0,
            data.Remarks.Count(remark =>
            remark == "dev.csv: numbers in column label are taken as class indices: 0 is bad, 1 is good."));
    }

    [Fact]
    public void A_label_that_is_no_class_of_the_training_file_is_refused_with_row_and_column()
    {
        var train = Case("label-numbers", "train-floats.csv");
        var validation = _folder.File("dev.csv", "text,label\nx,1\nx,0\n");
        Assert.Equal("dev.csv row 2 (line 3) column label: must be one of 1, 2, 3; it is \"0\"",
            Assert.Throws<RefusedInputException>(() => TrainingData.Read(new(train, validation), Labelled, 42)).Message);
    }

    [Theory]
    [InlineData("meta-list.jsonl", "spans")]
    [InlineData("meta-object.jsonl", "meta")]
    [InlineData("optional-key.jsonl", "note")]
    public void What_the_task_does_not_use_does_not_matter_and_is_listed(string name, string unused)
    {
        var path = Case("unused-columns", name);
        var split = SplitOf(path);
        Assert.Equal(["text", "label", unused], split.Columns.Select(column => column.Name));
        Assert.Equal(name == "optional-key.jsonl" ? [] : [unused], split.NotUsed);
        var data = TrainingData.Read(new(path), Labelled, 42);
        Assert.Contains($"{name}: not used: {unused}", data.Remarks);
        Assert.Empty(RequestFit.Faults(Request(Labelled), null, new([split])));
    }

    [Theory]
    [InlineData("{\"text\": \"x\", \"label\": \"a\"}\n{\"text\": \"y\", \"label\": \"b\", \"deep\": {\"a\": [[[{\"b\": null}]]]}}\n",
        "deep", ColumnType.Other)]
    [InlineData("{\"id\": 1, \"text\": \"x\", \"label\": \"a\"}\n{\"id\": \"two\", \"text\": \"y\", \"label\": \"b\"}\n", "id",
        ColumnType.Text)]
    [InlineData("{\"odd\": \"\\ud800\", \"text\": \"x\", \"label\": \"a\"}\n{\"odd\": \"z\", \"text\": \"y\", \"label\": \"b\"}\n", "odd",
        ColumnType.Other)]
    public void Whatever_an_unused_column_holds_is_no_fault(string rows, string unused, ColumnType type)
    {
        var path = _folder.File("d.jsonl", rows);
        var column = SplitOf(path).Columns.Single(column => column.Name == unused);
        Assert.Equal(type, column.Type);
        Assert.Equal(2, Dataset.Read(path, Labelled).Examples.Count);
        Assert.Equal([$"d.jsonl: not used: {unused}"], Dataset.Read(path, Labelled).Remarks);
        if (type != ColumnType.Other) return;
        var wrong = Labelled with { Columns = new(unused, null, "label") };
        Assert.Throws<RefusedInputException>(() => Dataset.Read(path, wrong));
        Assert.StartsWith("task.columns.first: d.jsonl column ",
            RequestFit.Faults(Request(wrong), null, new([SplitOf(path)]))[0].ToString());
    }

    [Theory]
    [InlineData("labels-bool.jsonl")]
    [InlineData("label-bool.parquet")]
    public void True_and_false_are_two_classes_in_every_format(string name)
    {
        var path = Case("boolean-labels", name);
        var data = TrainingData.Read(new(path), Labelled, 42);
        Assert.Equal(["false", "true"], data.Train.Labels);
        Assert.Equal([1, 0], Dataset.Read(path, Labelled).Examples.Take(2).Select(example => example.Class));
        var label = SplitOf(path).Columns[1];
        Assert.Equal((ColumnType.Boolean, 2), (label.Type, label.Values!.Count));
        Assert.Empty(RequestFit.Faults(Request(Labelled), null, new([SplitOf(path)])));
        Assert.Equal([0, 1], Dataset.Read(path, Labelled with { Labels = ["True", "False"] }).Examples.Take(2)
            .Select(example => example.Class));
    }

    [Theory]
    [InlineData("TINYINT-V2.parquet")]
    [InlineData("UTINYINT-V2.parquet")]
    public void A_column_of_one_byte_integers_is_read_also_as_a_label(string name)
    {
        var path = Case("parquet", name);
        var split = SplitOf(path);
        Assert.Equal((60, ColumnType.Whole), (split.Rows, split.Columns[2].Type));
        Assert.Equal(60, Dataset.Read(path, Labelled).Examples.Count);
        var byNumber = Dataset.Read(path, Labelled with { Columns = new("text", null, "extra") });
        Assert.Equal(split.Columns[2].Values!.Keys, byNumber.Labels);
        Assert.Equal(["0", "1", "2"], byNumber.Examples.Take(3).Select(example => byNumber.Labels![example.Class]));
    }

    [Fact]
    public void A_column_of_nothing_but_nulls_is_read()
    {
        var path = Case("parquet", "v2-zero-snappy-nodict.parquet");
        var split = SplitOf(path);
        Assert.Equal((60, 60, "note"), (split.Rows, split.Columns[2].Empty, Assert.Single(split.NotUsed)));
        Assert.Equal(60, Dataset.Read(path, Labelled).Examples.Count);
        Assert.Equal("v2-zero-snappy-nodict.parquet row 1 column note: is empty; so are 59 more rows",
            Assert.Throws<RefusedInputException>(() => Dataset.Read(path, Labelled with { Columns = new("text", null, "note") })).Message);
    }

    [Fact]
    public void Conversations_in_Parquet_are_read_as_those_of_JSON_lines()
    {
        var path = Case("parquet", "conversations.parquet");
        var split = SplitOf(path);
        Assert.Equal((20, "text, label, source"), (split.Rows, string.Join(", ", split.Columns.Select(column => column.Name))));
        var prompts = PromptFile.Read(path, TaskPreset.Find(TaskPreset.Chat)!.Task).Prompts;
        Assert.Equal(20, prompts.Count);
        Assert.Equal([("user", "question 0"), ("assistant", "answer 0")],
            prompts[0].Conversation!.Messages.Select(message => (message.Role, message.Content)));
    }

    /// <summary>DuckDB makes a column JSON once one of its texts is a number, and then each text has its quotation marks and
    /// escapes.</summary>
    [Fact]
    public void Texts_that_DuckDB_wrote_as_JSON_are_read_without_their_quotation_marks()
    {
        var path = Case("parquet", "duckdb-mixed.parquet");
        Assert.Equal("a \"quoted\" text 0", SplitOf(path).Preview[0][0]);
        Assert.Equal("duckdb-mixed.parquet row 8 column text: must be a text; it is a number",
            Assert.Throws<RefusedInputException>(() => Dataset.Read(path, Labelled)).Message);   // as in the JSONL it came from
        var prompts = PromptFile.Read(path, new() { Kind = TaskKind.Generation, Metric = Metric.Perplexity,
            Text = new() { Prompt = "{text}", Target = "{label}" }, Decoding = new() }).Prompts;
        Assert.Equal(["a \"quoted\" text 6", "7", "a \"quoted\" text 8"], prompts.Skip(6).Take(3).Select(prompt => prompt.Text));
    }

    [Fact]
    public void Conversations_that_hyparquet_writer_wrote_as_JSON_are_conversations()
    {
        var path = Case("parquet", "hyparquet-lists.parquet");
        Assert.Equal(["text", "label"], SplitOf(path).Columns.Select(column => column.Name));
        var prompts = PromptFile.Read(path, TaskPreset.Find(TaskPreset.Chat)!.Task).Prompts;
        Assert.Equal([("user", "Hi 0"), ("assistant", "Hello 0")],
            prompts[0].Conversation!.Messages.Select(message => (message.Role, message.Content)));
    }

    [Fact]
    public void An_index_without_a_name_is_a_column_that_is_not_used()
    {
        var path = Case("index-column", "index-column.csv");
        var split = SplitOf(path);
        Assert.Equal((24, true, "Unnamed: 0, text, label"),
            (split.Rows, split.Header, string.Join(", ", split.Columns.Select(column => column.Name))));
        Assert.Equal(["Unnamed: 0"], split.NotUsed);
        var data = TrainingData.Read(new(path), Labelled, 42);
        Assert.Equal(["bad", "good"], data.Train.Labels);
        Assert.Contains("index-column.csv: not used: Unnamed: 0", data.Remarks);
        var counted = Labelled with { Columns = new("1", null, "2") };
        Assert.Equal("index-column.csv: must have the columns (1, 2); it has (Unnamed: 0, text, label): the file has a "
            + "header, so columns must be given by name",
            Assert.Throws<RefusedInputException>(() => Dataset.Read(path, counted)).Message);
        Assert.Equal(2, RequestFit.Faults(Request(counted), null, new([split])).Count);
    }

    [Theory]
    // pandas' columns that have no names, with its index
    [InlineData("d.csv", ",0,1\n0,good soup,a\n1,bad soup,b\n2,dull soup,a\n", "Unnamed: 0, 0, 1", 3)]
    // a separator at the end of every line
    [InlineData("d.csv", "text,label,\nx,a,\ny,b,\nz,a,\n", "text, label, Unnamed: 2", 3)]
    [InlineData("d.tsv", "\t\ttext\tlabel\na\t0\tx\tp\na\t1\ty\tq\n", "Unnamed: 0, Unnamed: 1, text, label", 2)] // an index of two levels
        public void Whatever_a_header_leaves_without_a_name_gets_one(string name, string text, string columns, int rows)
    {
        var split = SplitOf(_folder.File(name, text));
        Assert.Equal((true, rows, columns), (split.Header, split.Rows, string.Join(", ", split.Columns.Select(column => column.Name))));
    }

    [Fact]
    public void The_first_row_of_a_file_without_a_header_is_a_row_to_all()
    {
        var path = _folder.File("d.csv", "the soup was lovely,good\nthe lamp was broken,bad\nthe train was fine,good\n");
        var split = SplitOf(path);
        Assert.Equal((false, 3), (split.Header, split.Rows));
        Assert.Equal(3, Dataset.Read(path, Labelled with { Columns = new("0", null, "1") }).Examples.Count);
        Assert.Equal("d.csv: must have the columns (text, label); it has (0, 1): the file has no header (\"good\" occurs "
            + "again in its column), so columns must be given by index from 0",
            Assert.Throws<RefusedInputException>(() => Dataset.Read(path, Labelled)).Message);
    }

    [Fact]
    public void A_header_that_comes_again_is_no_row() =>
        Assert.Equal("d.csv row 3 (line 4): is the header once more: the file was put together of several; leave it out",
            Assert.Throws<RefusedInputException>(() => SplitOf(_folder.File("d.csv", "text,n\nx,1\ny,2\ntext,n\nz,3\n"))).Message);

    [Fact]
    public void Labels_that_differ_in_spelling_alone_are_remarked_by_training_and_at_the_upload()
    {
        var path = _folder.File("d.csv", "text,label\n"
            + string.Concat(Enumerable.Range(0, 30)
            .Select(i => $"x {i},{(i % 3) switch { 0 => "good", 1 => "good ", _ => "Bad" }}\ny {i},bad\n")));
        string[] remarks = ["\"Bad\" and \"bad\" differ only in spelling and are 2 labels",
            "\"good\" and \"good \" differ only in spelling and are 2 labels"];
        Assert.Equal(remarks.Select(remark => $"column label: {remark}"), SplitOf(path).Remarks);
        Assert.Equal(remarks.Select(remark => $"Labels: {remark}."), TrainingData.Read(new(path), Labelled, 42).Remarks);
        var numbers = _folder.File("n.csv", "text,label\n"
            + string.Concat(Enumerable.Range(0, 30).Select(i => $"x {i},{(i % 3) switch { 0 => "1", 1 => "1.0", _ => "2" }}\n")));
        Assert.Equal(["Labels: \"1\" and \"1.0\" are one label, 1."], TrainingData.Read(new(numbers), Labelled, 42).Remarks);
    }

    /// <summary>Every way in which a file is read.</summary>
    private static IEnumerable<Action> Readings(string path) =>
    [
        () => SplitOf(path), () => Dataset.Read(path, Labelled), () => TrainingData.Read(new(path), Labelled, 42),
        () => PromptFile.Read(path, new() { Kind = TaskKind.Generation, Metric = Metric.Perplexity,
        Text = new() { Prompt = "{text}", Target = "{label}" }, Decoding = new() }),
        () => PromptFile.Read(path, TaskPreset.Find(TaskPreset.Chat)!.Task),
    ];

    private static SplitSummary SplitOf(string path) => DatasetInspection.Read(new(path)).Splits[0];

    private static string Case(params string[] parts) => Path.Combine([AppContext.BaseDirectory, "Cases", .. parts]);

    private static JobRequest Request(TaskSettings task) =>
        new() { Model = "m", Dataset = "d", Task = task, Training = new() };

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
