using System.Text;
using LoraDrop.Domain;
using Parquet;
using Parquet.Schema;

namespace LoraDrop.Engine.Tests;

public sealed class DatasetFacts : IDisposable
{
    private static readonly TaskSettings Pairs = new()
    {
        Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new("a", "b", "y"), Labels = ["no", "yes"],
    };

    private static readonly TaskSettings Inferred = Pairs with { Columns = new("a", null, "y"), Labels = null };

    private static readonly TaskSettings Numbers = Inferred with { Kind = TaskKind.Regression, Metric = Metric.Spearman };

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("d.tsv", "a\tb\ty\nx\ty z\tyes\n\"x\tü\tno")]
    [InlineData("d.tsv", "\uFEFFy\tb\tmore\ta\r\nyes\ty z\t\tx\r\n0\tü\t\t\"x\r\n\r\n")]
    [InlineData("d.csv", "a,b,y\nx,y z,1\n\"\"\"x\",ü,no\n")]
    [InlineData("d.jsonl", """
        {"a": "x", "b": "y z", "y": "yes", "id": 3}
        {"y": 0.0, "a": "\"x", "b": "ü"}
        """)]
    public void Every_format_gives_the_same_examples(string name, string text) =>
        Assert.Equal([new Example("x", "y z", 1), new Example("\"x", "ü", 0)], Read(name, text, Pairs).Examples);

    [Fact]
    public async Task Parquet_gives_the_same_examples_across_row_groups()
    {
        var path = await Parquet("d.parquet", [0L, 1L]);
        Assert.Equal([new Example("x", "x", 0), new Example("x", "x", 1), new Example("x", "x", 0), new Example("x", "x", 1)],
            Dataset.Read(path, Pairs).Examples);
    }

    [Fact]
    public void A_comma_separated_field_may_hold_line_breaks_and_faults_still_name_the_right_line()
    {
        Assert.Equal("one\ntwo, three", Read("d.csv", "a,b,y\n\"one\ntwo, three\",z,yes\n", Pairs).Examples[0].First);
        Assert.Equal("d.csv row 2 (line 4) column y: must be one of no, yes, or its number from 0; it is \"maybe\"",
            Assert.Single(FaultsOf("d.csv", "a,b,y\n\"one\ntwo\",z,yes\nx,z,maybe\n", Pairs)));
    }

    [Fact]
    public void Columns_can_be_counted_where_there_is_no_header() =>
        Assert.Equal([new Example("x", null, 1), new Example("y", null, 0)],
            Read("d.tsv", "s\t1\t\tx\ns\t0\t\ty\textra", Pairs with { Columns = new("3", null, "1") }).Examples);

    [Fact]
    public void Labels_that_are_not_given_are_inferred_in_order()
    {
        Assert.Equal(["-1", "2", "10"], Read("d.tsv", "a\ty\nx\t10\nx\t-1\nx\t2\n", Inferred).Labels);
        Assert.Equal(["10", "a", "b"], Read("d.jsonl", "{\"a\":\"x\",\"y\":\"b\"}\n{\"a\":\"x\",\"y\":10}\n{\"a\":\"x\",\"y\":\"a\"}",
            Inferred).Labels);
    }

    [Fact]
    public void A_name_is_a_name_even_where_it_looks_like_another_number() =>
        Assert.Equal([0, 1], Read("d.tsv", "a\ty\nx\t1\nx\t0\n", Inferred with { Labels = ["1", "0"] }).Examples.Select(e => e.Class));

    [Fact]
    public void Regression_reads_finite_numbers()
    {
        Assert.Equal([4.75, -1e-3], Read("d.jsonl", "{\"a\":\"x\",\"y\":4.75}\n{\"a\":\"x\",\"y\":\"-1e-3\"}", Numbers).Examples.Select(e =>
            e.Label));
        Assert.Equal(["d.tsv row 1 (line 2) column y: must be a finite number; it is \"NaN\"",
            "d.tsv row 2 (line 3) column y: must be a finite number; it is \"1,5\""],
            FaultsOf("d.tsv", "a\ty\nx\tNaN\nx\t1,5\n", Numbers));
    }

    [Fact]
    public void The_hash_is_that_of_the_file() =>
        Assert.Equal("654a5c7c2590381e7085f4ee0707bc28d18eea35dd4ec9f0c51444827d496a02",
            Read("d.tsv", "a\tb\ty\nx\tx\tyes\n", Pairs).Sha256);

    [Theory]
    [InlineData("d.tsv", "a\tc\ty\nx\tx\tyes\n", "d.tsv: must have the columns (a, b, y); it has (a, c, y)")]
    [InlineData("d.jsonl", "{\"a\":\"x\"}", "d.jsonl: must have the columns (a, b, y); it has (a)")]
    [InlineData("d.tsv", "a\tb\ta\ty\nx\tx\tx\tyes\n",
        "d.tsv: must have the columns (a, b, y); it has (0, 1, 2, 3): the file has no header (\"a\" occurs "
        + "in it twice), so columns must be given by index from 0")]
    [InlineData("d.tsv", "a\tb\ty\nx\tx\tyes\nx\tx\n", "d.tsv row 2 (line 3): must have 3 fields; it has 2")]
    [InlineData("d.tsv", "a\tb\ty\nx\tx\tx\tyes\n", "d.tsv row 1 (line 2): must have 3 fields; it has 4")]
    [InlineData("d.tsv", "a\tb\ty\nx\t \tyes\n", "d.tsv row 1 (line 2) column b: is empty")]
    [InlineData("d.tsv", "a\tb\ty\n", "d.tsv: has no rows")]
    [InlineData("d.tsv", "", "d.tsv: has no rows")]
    [InlineData("d.jsonl", "\n", "d.jsonl: has no rows")]
    [InlineData("d.csv", "a,b,y\nx,x\"x,yes\n",
        "d.csv line 2: has a quote inside a field: such a field is quoted as a whole, and its quotes are doubled")]
    [InlineData("d.csv", "y,a,b\nyes,x,x\nno,x,\"x\n", "d.csv line 3: opens a quote that is never closed")]
    [InlineData("d.jsonl", "{\"a\":1,\"b\":\"x\",\"y\":\"no\"}", "d.jsonl row 1 (line 1) column a: must be a text; it is a number")]
    [InlineData("d.jsonl", "{\"a\":\"x\",\"b\":null,\"y\":\"no\"}", "d.jsonl row 1 (line 1) column b: is empty")]
    [InlineData("d.jsonl", "{\"a\":\"x\",\"b\":\"x\",\"y\":true}",
        "d.jsonl row 1 (line 1) column y: must be one of no, yes, or its number from 0; it is \"true\"")]
    [InlineData("d.jsonl", "{\"a\":\"x\",\"b\":\"x\",\"y\":[1]}",
        "d.jsonl row 1 (line 1) column y: must be a text or a number; it is a list")]
    [InlineData("d.jsonl", "{\"a\":\"x\",\"b\":\"\\ud800\",\"y\":1}", "d.jsonl row 1 (line 1) column b: holds half of a surrogate pair")]
    [InlineData("d.jsonl", "{\"a\":\"x\",\"b\":\"x\",\"y\":1}\n{\"a\":\"x\",\"y\":1}", "d.jsonl row 2 (line 2) column b: is empty")]
    [InlineData("d.jsonl", "{\"a\":\"x\"}\n{\"a\":\"x\"}\n{\"a\":\"x\",\"b\":\"x\",\"y\":1}\n{\"a\":\"x\",\"b\":\"x\"}",
        "d.jsonl row 1 (line 1) column b: is empty; so is 1 more row", "d.jsonl row 1 (line 1) column y: is empty; so are 2 more rows")]
    [InlineData("d.jsonl", "[1]", "d.jsonl row 1 (line 1): must be a JSON object; it is a list")]
    [InlineData("d.doc", "x", "d.doc: must end in .jsonl, .json, .csv, .tsv, .txt, .parquet, .jsonl.gz, .json.gz, .csv.gz, "
        + ".tsv.gz, .txt.gz, which says how to read it; it ends in \".doc\"")]
    [InlineData("d.parquet", "not a Parquet file", "d.parquet: is not a Parquet file: it does not begin with PAR1")]
    public void A_fault_names_its_place(string name, string text, params string[] faults) =>
    Assert.Equal(faults, FaultsOf(name, text, Pairs));

    [Fact]
    public void A_line_that_is_no_JSON_is_named() =>
        Assert.StartsWith("d.jsonl row 2 (line 2): is not JSON:",
            Assert.Single(FaultsOf("d.jsonl", "{\"a\":\"x\",\"b\":\"x\",\"y\":1}\n{\"a\":", Pairs)));

    [Fact]
    public void Wrong_bytes_are_named_by_line_and_offset()
    {
        var path = _folder.File("d.tsv", [.. "a\tb\ty\nx\t"u8, 0xE9, .. "t\tyes\nx\tx\tmaybe\n"u8]);
        Assert.Equal(
            ["d.tsv line 2: is not UTF-8: byte 0xE9 at offset 8 of the file",
            "d.tsv row 2 (line 3) column y: must be one of no, yes, or its number from 0; it is \"maybe\""],
            Assert.Throws<RefusedInputException>(() => Dataset.Read(path, Pairs)).Faults.Select(f => f.ToString()));
    }

    [Fact]
    public void One_class_is_nothing_to_learn() =>
        Assert.Equal("d.tsv for task.labels: must have at least two classes; got 1",
            Assert.Single(FaultsOf("d.tsv", "a\ty\nx\tq\nx\tq\n", Inferred)));

    [Fact]
    public void The_same_fault_of_many_rows_is_told_once_with_a_count() =>
        Assert.Equal(["d.tsv row 2 (line 3) column y: is empty; so are 24 more rows",
            "d.tsv row 27 (line 28) column a: is empty; so is 1 more row"],
            FaultsOf("d.tsv", "a\ty\nx\t1\n" + string.Concat(Enumerable.Repeat("x\t\n", 25)) + "\t1\n\t1\n", Numbers));

    [Fact]
    public void Many_faults_are_counted_after_the_first_twenty()
    {
        var faults = FaultsOf("d.tsv", "a\ty\n" + string.Concat(Enumerable.Range(0, 25).Select(i => $"x\t?{i}\n")), Numbers);
        Assert.Equal(21, faults.Length);
        Assert.Equal("d.tsv: and 5 more", faults[^1]);
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused() =>
        Assert.StartsWith("none.tsv: cannot be read: ",
            Assert.Throws<RefusedInputException>(() => Dataset.Read(Path.Combine(_folder.Path, "none.tsv"), Pairs)).Message);

    [Fact]
    public async Task A_Parquet_label_may_be_true_or_false()
    {
        var read = Dataset.Read(await Parquet("d.parquet", [true, false]), Inferred);
        Assert.Equal(["false", "true"], read.Labels);
        Assert.Equal([1, 0, 1, 0], read.Examples.Select(example => example.Class));
    }

    [Fact]
    public async Task A_damaged_Parquet_file_is_refused()
    {
        var bytes = await File.ReadAllBytesAsync(await Parquet("d.parquet", [0L, 1L]));
        var path = _folder.File("damaged.parquet", [.. bytes[..50], .. bytes[80..]]);
        Assert.StartsWith("damaged.parquet: cannot be read as Parquet:",
            Assert.Throws<RefusedInputException>(() => Dataset.Read(path, Pairs)).Message);
    }

    /// <summary>Two row groups of two rows each.</summary>
    private async Task<string> Parquet<T>(string name, T[] labels) where T : struct
    {
        DataField a = new DataField<string>("a"), b = new DataField<string>("b"), y = new DataField<T>("y");
        var file = new MemoryStream();
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(a, b, y), file))
            for (var g = 0; g < 2; g++)
            {
                using var group = writer.CreateRowGroup();
                await group.WriteAsync(a, ["x", "x"]);
                await group.WriteAsync(b, ["x", "x"]);
                await group.WriteAsync<T>(y, labels.AsMemory());
            }
        return _folder.File(name, file.ToArray());
    }

    private Dataset Read(string name, string text, TaskSettings task) =>
        Dataset.Read(_folder.File(name, Encoding.UTF8.GetBytes(text)), task);

    private string[] FaultsOf(string name, string text, TaskSettings task) =>
        [.. Assert.Throws<RefusedInputException>(() => Read(name, text, task)).Faults.Select(f => f.ToString())];
}
