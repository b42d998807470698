namespace LoraDrop.Domain.Tests;

public sealed class RequestFitFacts
{
    private static readonly ModelSummary Model = new("roberta", "RobertaForMaskedLM", 12, 32, 4, 100, 512, 1_000_000, "F32",
        [new("query", "roberta.encoder.layer.*.attention.self.query", 32, 32),
        new("value", "roberta.encoder.layer.*.attention.self.value", 32, 32),
         new("intermediate.dense", "roberta.encoder.layer.*.intermediate.dense", 32, 64),
         new("output.dense", "roberta.encoder.layer.*.output.dense", 64, 32)], "", []);

    private static readonly ColumnSummary Text = new("text", ColumnType.Text, 0, null, 1001, null, new("row 1 (line 2)", "fine"), 80);

    private static readonly ColumnSummary Label =
        new("label", ColumnType.Text, 0, null, 2, Values(("bad", 40), ("good", 60)), new("row 1 (line 2)", "good"), 4);

    private static readonly SplitSummary Train = Split(SplitSummary.Train, "train.tsv", Text, Label),
        Validation = Split(SplitSummary.Validation, "dev.tsv", Text, Label);

    [Fact]
    public void What_fits_has_no_faults()
    {
        Assert.Empty(RequestFit.Faults(Request(), Model, new([Train, Validation])));
        Assert.Empty(RequestFit.Faults(Request(), null, null));
    }

    [Theory]
    [InlineData("""["query", "layer.11.attention.self.value", "roberta.encoder.layer.0.intermediate.dense"]""", 8)]
    [InlineData("""["qurey"]""", 8, "lora.targets[0]: 'qurey' matches no layer of the model; valid are query, value, intermediate.dense, "
        + "output.dense, and the sets attention, feed-forward, all-linear; did you mean query?")]
    [InlineData("""["layer.12.attention.self.query"]""", 8,
        "lora.targets[0]: 'layer.12.attention.self.query' matches no layer of the model; valid are query, "
        + "value, intermediate.dense, output.dense, and the sets attention, feed-forward, all-linear")]
    [InlineData("""["dense", "query"]""", 33, "lora.rank: must be at most 32, the width of query; got 33")]
    public void Targets_and_rank_are_those_of_the_model(string targets, int rank, params string[] faults) =>
        Assert.Equal(faults, RequestFit.Faults(Request(lora: $$"""{"targets": {{targets}}, "rank": {{rank}}}"""), Model, null)
            .Select(f => f.ToString()));

    [Fact]
    public void A_column_that_no_file_has_is_told_with_those_there_are() => Assert.Equal(
        ["task.columns.label: train.tsv has no column \"lable\"; it has (text, label); did you mean label?",
        "task.columns.label: dev.tsv has no column \"lable\"; it has (text, label); did you mean label?"],
        Faults(Request("""{"kind": "classification", "columns": {"first": "text", "label": "lable"}}"""), Train, Validation));

    [Fact]
    public void A_preset_whose_columns_are_not_there_is_told_what_it_reads() => Assert.Equal(
        ["task.preset: train.tsv must have the columns (sentence1, sentence2, label); it has (text, label)"],
        Faults(Request("""{"preset": "glue/rte"}"""), Train, Validation)[..1]);

    [Fact]
    public void A_file_without_a_header_is_read_by_places()
    {
        var rows = Split(SplitSummary.Train, "train.tsv", Text with { Name = "0" }, Label with { Name = "1" }) with { Header = false,
            Preview = [["fine", "good"]] };
        Assert.Empty(Faults(Request("""{"kind": "classification", "columns": {"first": "0", "label": "1"}}"""), rows));
        Assert.Equal(["task.columns.label: train.tsv has no column \"2\"; it has (0, 1)"],
            Faults(Request("""{"kind": "classification", "columns": {"first": "0", "label": "2"}}"""), rows));
    }

    [Fact]
    public void Names_for_a_file_without_a_header_and_places_for_one_with_a_header_are_refused()
    {
        var rows = Split(SplitSummary.Train, "train.tsv", Text with { Name = "0" }, Label with { Name = "1" }) with { Header = false,
            Preview = [["fine", "good"], ["dull", "bad"], ["warm", "good"]] };
        Assert.Equal("task.columns.label: train.tsv has no column \"label\"; it has (0, 1): the file has no header "
            + "(\"good\" occurs again in its column), so columns must be given by index from 0", Faults(Request(), rows)[1]);
        Assert.Equal("task.columns.label: train.tsv has no column \"1\"; it has (text, label): the file has a header, so "
            + "columns must be given by name",
            Faults(Request("""{"kind": "classification", "columns": {"first": "text", "label": "1"}}"""), Train)[0]);
    }

    [Theory]
    [InlineData("text", "a text")]
    [InlineData("label", "a text or a number")]
    public void A_column_that_nobody_can_read_is_a_fault_only_where_the_task_reads_it(string unreadable, string wanted)
    {
        ColumnSummary Other(ColumnSummary column, string? why) =>
            column.Name == unreadable ? column with { Type = ColumnType.Other, Values = null, Unreadable = why } : column;
        Assert.Contains($"column {unreadable} must be {wanted}; it contains lists, objects, dates or similar values",
            Assert.Single(Faults(Request(), Split(SplitSummary.Train, "train.jsonl", Other(Text, null), Other(Label, null)))));
        Assert.Contains($"column {unreadable} cannot be read: it is damaged",
            Assert.Single(Faults(Request(), Split(SplitSummary.Train, "train.parquet", Other(Text, "it is damaged"),
            Other(Label, "it is damaged")))));
        Assert.Empty(
            Faults(Request(), Split(SplitSummary.Train, "train.jsonl", Text, Label, Other(Text, "it is damaged") with { Name = "meta" })));
    }

    [Fact]
    public void An_empty_cell_is_told_by_its_place() => Assert.Equal(
        ["task.columns.first: train.tsv row 7 (line 8) column text is empty; so are 2 more rows",
        "task.columns.label: train.tsv row 9 (line 10) column label is empty"],
        Faults(Request(), Split(SplitSummary.Train, "train.tsv", Text with { Empty = 3, FirstEmpty = "row 7 (line 8)" },
        Label with { Empty = 1, FirstEmpty = "row 9 (line 10)" }), Validation));

    [Fact]
    public void A_label_to_regress_on_is_a_number() => Assert.Equal(
        ["task.columns.label: train.tsv row 1 (line 2) column label must be a finite number; it is \"good\""],
        Faults(Request("""{"kind": "regression", "columns": {"first": "text", "label": "label"}}"""), Train));

    [Theory]
    [InlineData("""["bad", "good"]""")]
    [InlineData("""["good", "bad", "dull"]""")]
    [InlineData("""["bad", "fine"]""",
        "task.labels: train.tsv column label must be one of bad, fine, or its number from 0; it is \"good\" in 60 rows")]
    [InlineData(null, "task.labels: dev.tsv column label must be one of bad, good, or its number from 0; it is \"2\" in 1 row")]
    public void Labels_are_class_names_or_numbers(string? labels, params string[] faults)
    {
        var validation = labels is null
            ? Validation with { Columns = [Text, Label with { Values = Values(("0", 3), ("1", 4), ("2", 1)) }] }
            : Validation with { Columns = [Text, Label with { Values = Values(("0", 3), ("1", 4)) }] };
        Assert.Equal(faults,
            Faults(Request(
            $$"""{"kind": "classification", "columns": {"first": "text", "label": "label"}, "labels": {{labels ?? "null"}}}"""), Train,
            validation));
    }

    [Fact]
    public void Values_that_are_too_many_to_be_listed_are_left_to_the_run() =>
        Assert.Empty(Faults(Request(), Train with { Columns = [Text, Label with { Distinct = 101, Values = null }] }, Validation));

    [Fact]
    public void One_class_is_nothing_to_learn()
    {
        var one = Train with { Columns = [Text, Label with { Distinct = 1, Values = Values(("good", 100)) }] };
        Assert.Equal(["task.labels: must have at least two classes; got 1"], Faults(Request(), one));
        Assert.Equal(["task.columns.label: train.tsv has only one class; at least two are required"],
            Faults(Request("""{"kind": "classification", "columns": {"first": "text", "label": "label"}, "labels": ["bad", "good"]}"""),
            one));
    }

    [Fact]
    public void F1_is_for_two_classes() => Assert.StartsWith("task.metric: f1 cannot be the primary metric of this task",
        Assert.Single(Faults(Request("""{"kind": "classification", "columns": {"first": "text", "label": "label"}, "metric": "f1"}"""),
        Train with { Columns = [Text, Label with { Distinct = 3, Values = Values(("a", 1), ("b", 1), ("c", 98)) }] })));

    [Fact]
    public void A_few_rows_leave_none_to_keep_aside()
    {
        var few = Train with { Rows = 3, Columns = [Text, Label with { Values = Values(("bad", 1), ("good", 2)) }] };
        Assert.Equal(["dataset: train.tsv has too few rows to hold out a tenth for validation; provide a validation file"],
            Faults(Request(), few));
        Assert.Empty(Faults(Request(), few, Validation));
    }

    [Fact]
    public void A_format_that_says_so_has_texts_where_texts_are_read()
    {
        var typed = Split(SplitSummary.Train, "train.jsonl", Text with { Type = ColumnType.Whole },
            Label with { Type = ColumnType.Boolean });
        Assert.Equal(["task.columns.first: train.jsonl column text must be a text; it is a number"], Faults(Request(), typed));
        Assert.Empty(Faults(Request(), typed with { File = "train.tsv" }));
    }

    [Fact]
    public void Hidden_labels_of_a_test_split_are_no_fault() =>
        Assert.Empty(Faults(Request(), Train, Split(SplitSummary.Test, "test.tsv", Text with { Empty = 1, FirstEmpty = "row 1 (line 2)" },
            Label with { Distinct = 1, Values = Values(("-1", 100)) })));

    private static string[] Faults(JobRequest request, params SplitSummary[] splits) =>
        [.. RequestFit.Faults(request, null, new(splits)).Select(f => f.ToString())];

    private static JobRequest Request(string task = """{"kind": "classification", "columns": {"first": "text", "label": "label"}}""",
        string lora = "{}") =>
        JobRequest.Parse($$"""{"model": "m", "dataset": "d", "task": {{task}}, "lora": {{lora}}}""");

    private static SplitSummary Split(string split, string file, params ColumnSummary[] columns) =>
        new(split, file, 1000, "", 100, true, columns, []);

    private static Dictionary<string, int> Values(params (string Value, int Rows)[] values) =>
        values.ToDictionary(v => v.Value, v => v.Rows);
}
