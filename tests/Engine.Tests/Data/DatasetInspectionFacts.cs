using System.Text;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Domain.Tests;
using Parquet;
using Parquet.Schema;

namespace LoraDrop.Engine.Tests;

public sealed class DatasetInspectionFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("d.tsv", "text\tlabel\tscore\tgood\nfine\t1\t0.5\ttrue\n \t0\t2\tfalse\nbad, bad\t1\t-1e3\ttrue\n")]
    [InlineData("d.csv", "\uFEFFtext,label,score,good\r\nfine,1,0.5,true\r\n\" \",0,2,false\r\n\"bad, bad\",1,-1e3,true\r\n")]
    [InlineData("d.jsonl", """
        {"text": "fine", "label": 1, "score": 0.5, "good": true}
        {"score": 2, "text": null, "label": 0, "good": false}
        {"text": "bad, bad", "label": 1, "score": -1e3, "good": true}
        """)]
    public void Every_format_tells_the_same_of_its_columns(string name, string text)
    {
        var split = Assert.Single(Read(name, text).Splits);
        Assert.Equal((SplitSummary.Train, name, 3, true), (split.Split, split.File, split.Rows, split.Header));
        Assert.Equal([("text", ColumnType.Text), ("label", ColumnType.Whole), ("score", ColumnType.Number), ("good", ColumnType.Boolean)],
            split.Columns.Select(c => (c.Name, c.Type)));
        var (texts, labels) = (split.Columns[0], split.Columns[1]);
        Assert.Equal((1, name == "d.jsonl" ? "row 2 (line 2)" : "row 2 (line 3)", 2, 8),
            (texts.Empty, texts.FirstEmpty, texts.Distinct, texts.Longest));
        Assert.Equal(new CellSample(name == "d.jsonl" ? "row 1 (line 1)" : "row 1 (line 2)", "fine"), texts.FirstNotNumber);
        Assert.Equal(["0: 1", "1: 2"], labels.Values!.Select(value => $"{value.Key}: {value.Value}"));
        Assert.Null(labels.FirstNotNumber);
        Assert.Equal("bad, bad", split.Preview[2][0]);
    }

    [Fact]
    public void Size_and_digest_are_those_of_the_file()
    {
        var split = Read("d.tsv", "a\tb\ty\nx\tx\tyes\n").Splits[0];
        Assert.Equal((14, "654a5c7c2590381e7085f4ee0707bc28d18eea35dd4ec9f0c51444827d496a02"), (split.Bytes, split.Sha256));
    }

    [Theory]
    [InlineData("a\tb\nx\ty\n", true)]
    [InlineData("a\ta\nx\ty\n", false)]
    [InlineData("a\t\nx\ty\n", false)]
    [InlineData("a\t0\nx\ty\n", false)]
    public void A_first_line_of_different_names_is_a_header(string text, bool header)
    {
        var split = Read("d.tsv", text).Splits[0];
        Assert.Equal((header, header ? 1 : 2, header ? "b" : "1"), (split.Header, split.Rows, split.Columns[1].Name));
    }

    [Fact]
    public void Without_a_header_rows_may_be_ragged()
    {
        var split = Read("d.tsv", "x\t1\t\tfirst\ny\t0\nz\t1\t\tthird\tmore\n").Splits[0];
        Assert.Equal((3, 4), (split.Rows, split.Columns.Count));
        Assert.Equal((1, "row 2 (line 2)"), (split.Columns[3].Empty, split.Columns[3].FirstEmpty));
    }

    [Fact]
    public void A_preview_has_twenty_rows_and_cuts_long_cells()
    {
        var split =
            Read("d.tsv", "a\tb\n" + string.Concat(Enumerable.Range(0, 30).Select(i => $"{i}{new string('x', 497)}😀{i}\ty\n"))).Splits[0];
        Assert.Equal(20, split.Preview.Count);
        Assert.Equal("0" + new string('x', 497) + "😀…", split.Preview[0][0]);
        Assert.Equal("10" + new string('x', 497) + "…", split.Preview[10][0]); // half a 😀 is no character
        Assert.Null(split.Columns[0].Values);
    }

    [Theory]
    [InlineData(100, 100, true)]
    [InlineData(101, 101, false)]
    [InlineData(3000, 1001, false)]
    public void Values_are_listed_where_they_are_few(int values, int counted, bool listed)
    {
        var column = Read("d.tsv", "a\n" + string.Concat(Enumerable.Range(0, values).Select(i => $"{i}\n"))).Splits[0].Columns[0];
        Assert.Equal((counted, listed), (column.Distinct, column.Values is not null));
    }

    [Theory]
    [InlineData("d.tsv", "", "d.tsv: has no rows")]
    [InlineData("d.tsv", "text\tlabel\n", "d.tsv: has no rows")]
    [InlineData("d.jsonl", "\n", "d.jsonl: has no rows")]
    [InlineData("d.doc", "x", "d.doc: must end in .jsonl, .json, .csv, .tsv, .txt, .parquet, .jsonl.gz, .json.gz, .csv.gz, "
        + ".tsv.gz, .txt.gz, which says how to read it; it ends in \".doc\"")]
    [InlineData("d.tsv", "a\tb\nx\n", "d.tsv row 1 (line 2): must have 2 fields; it has 1")]
    [InlineData("d.csv", "a,b\nx,\"y\n", "d.csv line 2: opens a quote that is never closed")]
    [InlineData("d.csv", "a,b\nx,y\"z\n",
        "d.csv line 2: has a quote inside a field: such a field is quoted as a whole, and its quotes are doubled")]
    [InlineData("d.jsonl", "{\"a\": 1}\n[]", "d.jsonl row 2 (line 2): must be a JSON object; it is a list")]
    [InlineData("d.jsonl", "{\"a\": 1}\n{\"a\": 2, \"a\": 1}",
        "d.jsonl row 2 (line 2): is not JSON: Duplicate property 'a' encountered (byte 10 of the line)")]
    [InlineData("d.parquet", "not a Parquet file", "d.parquet: is not a Parquet file: it does not begin with PAR1")]
    public void A_fault_names_its_place(string name, string text, string fault) =>
        Assert.Equal(fault, Assert.Single(Assert.Throws<RefusedInputException>(() => Read(name, text)).Faults).ToString());

    [Fact]
    public void Wrong_bytes_are_named_by_line_and_offset()
    {
        var path = _folder.File("d.tsv", [.. "a\tb\nx\t"u8, 0xE9, .. "t\n"u8]);
        Assert.Equal("d.tsv line 2: is not UTF-8: byte 0xE9 at offset 6 of the file",
            Assert.Throws<RefusedInputException>(() => DatasetInspection.Read(new(path))).Message);
    }

    [Fact]
    public void The_faults_of_every_file_are_told_at_once_and_the_same_one_of_many_rows_with_a_count()
    {
        var bad = "a\tb\n" + string.Concat(Enumerable.Repeat("x\n", 25));
        var faults = Assert.Throws<RefusedInputException>(() =>
            DatasetInspection.Read(new(_folder.File("train.tsv", bad), _folder.File("dev.tsv", bad), _folder.At("none.tsv")))).Faults;
        Assert.Equal(["train.tsv row 1 (line 2): must have 2 fields; it has 1; so in 24 more rows",
            "dev.tsv row 1 (line 2): must have 2 fields; it has 1; so in 24 more rows"], faults.SkipLast(1).Select(fault =>
            fault.ToString()));
        Assert.StartsWith("none.tsv: cannot be read: ", faults[^1].ToString());
    }

    [Theory]
    [InlineData("label\tmore\ttext\nx\ty\tz\n", null)]
    [InlineData("label\tmore\nx\ty\n", "lacks columns of train.tsv: text")]
    [InlineData("good\t1\nbad\t0\n", "has no header, while train.tsv has one: their columns have different names")]
    public void What_another_split_lacks_of_the_training_file_is_remarked_and_left_to_the_task(string dev, string? remark)
    {
        var files = new DataFiles(_folder.File("train.tsv", "text\tlabel\nx\ty\n"), _folder.File("dev.tsv", dev));
        Assert.Equal(remark is null ? [] : [remark], DatasetInspection.Read(files).Splits[1].Remarks);
    }

    [Fact]
    public async Task Parquet_says_itself_what_its_columns_are()
    {
        DataField text = new DataField<string>("text"), label = new DataField<long?>("label"), share = new DataField<double>("share"),
            good = new DataField<bool>("good"), day = new DataField<DateTime>("day");
        var file = new MemoryStream();
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(text, label, share, good, day), file))
            for (var g = 0; g < 2; g++)
            {
                using var group = writer.CreateRowGroup();
                await group.WriteAsync(text, ["1", "2"]);
                await group.WriteAsync<long>(label, new long?[] { 1, g == 0 ? 0 : null }.AsMemory());
                await group.WriteAsync<double>(share, new[] { 0.5, 1 }.AsMemory());
                await group.WriteAsync<bool>(good, new[] { true, false }.AsMemory());
                await group.WriteAsync<DateTime>(day, new DateTime[2].AsMemory());
            }
        var split = DatasetInspection.Read(new(_folder.File("d.parquet", file.ToArray()))).Splits[0];
        Assert.Equal((4, true), (split.Rows, split.Header));
        Assert.Equal([ColumnType.Text, ColumnType.Whole, ColumnType.Number, ColumnType.Boolean, ColumnType.Other],
            split.Columns.Select(column => column.Type));
        Assert.Equal((1, "row 4"), (split.Columns[1].Empty, split.Columns[1].FirstEmpty));
        Assert.Equal(["1", "0", "1", "false", "…"],
            (string[])[split.Preview[0][1], split.Preview[1][1], split.Preview[2][1], split.Preview[3][3], split.Preview[0][4]]);

        var damaged = _folder.File("damaged.parquet", [.. file.ToArray()[..50], .. file.ToArray()[80..]]);
        Assert.StartsWith("damaged.parquet: cannot be read as Parquet:",
            Assert.Single(Assert.Throws<RefusedInputException>(() => DatasetInspection.Read(new(damaged))).Faults).ToString());
    }

    [Fact]
    public void Facts_can_be_stored()
    {
        var facts = Read("d.tsv", "a\tb\n1\ttrue\n");
        var json = JsonText.Of(facts);
        Assert.Contains("\"type\": \"integer\"", json);
        Assert.Equal(json, JsonText.Of(JsonSerializer.Deserialize<DatasetSummary>(json, JsonText.Options)));
    }

    [Theory]   // rows and columns as GLUE publishes them
    [InlineData("CoLA/train.tsv", 8551, false, "0, 1, 2, 3")]
    [InlineData("CoLA/dev.tsv", 1043, false, "0, 1, 2, 3")]
    [InlineData("SST-2/train.tsv", 67349, true, "sentence, label")]
    [InlineData("MRPC/train.tsv", 3668, true, "Quality, #1 ID, #2 ID, #1 String, #2 String")]
    [InlineData("RTE/train.tsv", 2490, true, "index, sentence1, sentence2, label")]
    [InlineData("STS-B/train.tsv", 5749, true, "index, genre, filename, year, old_index, source1, source2, sentence1, sentence2, score")]
    [InlineData("STS-B/sts-test.tsv", 1379, false, "0, 1, 2, 3, 4, 5, 6")]
    [InlineData("QNLI/train.jsonl", 8999, true, "question, sentence, label")]
    [InlineData("QNLI/dev.tsv", 5463, true, "index, question, sentence, label")]
    [InlineData("MNLI/dev_matched.jsonl", 9815, true, "premise, hypothesis, label")]
    public void Published_files_are_understood(string file, int rows, bool header, string columns)
    {
        var split = DatasetInspection.Read(new(RealData.Path("glue", file))).Splits[0];
        Assert.Equal((rows, header, columns), (split.Rows, split.Header, string.Join(", ", split.Columns.Select(column => column.Name))));
    }

    [Fact]
    public void Every_dataset_of_GLUE_passes_with_its_splits()
    {
        foreach (var task in (string[])["CoLA", "SST-2", "MRPC", "RTE", "STS-B", "QNLI", "QQP", "MNLI"])
            Assert.NotEmpty(DatasetInspection.Read(DataFiles.At(RealData.Path("glue", task))).Splits);
    }

    [Fact]
    public void Sixty_thousand_rows_take_seconds()
    {
        var files = new DataFiles(RealData.Path("glue", "SST-2", "train.tsv"));
        var took = ThreadTime.Of(() => DatasetInspection.Read(files));
        Assert.True(took < TimeSpan.FromSeconds(15), $"took {took}");
    }

    private DatasetSummary Read(string name, string text) => DatasetInspection.Read(new(_folder.File(name, Encoding.UTF8.GetBytes(text))));
}
