using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class TrainingDataFacts : IDisposable
{
    private static readonly TaskSettings Task =
        new() { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new("a", null, "y") };

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_is_read_by_the_names_of_its_files()
    {
        string train = _folder.File("train.tsv", ""), dev = _folder.File("dev.jsonl", ""), test = _folder.File("test.csv", "");
        Assert.Equal(new DataFiles(train, dev, test), DataFiles.At(_folder.Path));
        Assert.Equal(new DataFiles(train), DataFiles.At(train));
    }

    [Fact]
    public void Two_files_for_one_split_or_none_for_training_are_refused()
    {
        _folder.File("dev.tsv", "");
        Assert.Contains("has no train.jsonl, train.json, train.csv",
            Assert.Throws<RefusedInputException>(() => DataFiles.At(_folder.Path)).Message);
        _folder.File("train.tsv", "");
        _folder.File("train.csv", "");
        Assert.Contains("has train.csv and train.tsv: keep one",
            Assert.Throws<RefusedInputException>(() => DataFiles.At(_folder.Path)).Message);
    }

    [Fact]
    public void Labels_are_those_of_the_training_file()
    {
        var train = _folder.File("train.tsv", "a\ty\nx\tp\nx\tq\n");
        var data = TrainingData.Read(new(train, _folder.File("dev.tsv", "a\ty\nx\tq\n")), Task, 42);
        Assert.Equal(1, data.Validation.Examples[0].Class);
        var refused = Assert.Throws<RefusedInputException>(() =>
            TrainingData.Read(new(train, _folder.File("dev.tsv", "a\ty\nx\tr\n")), Task, 42));
        Assert.Equal("dev.tsv row 1 (line 2) column y: must be one of p, q, or its number from 0; it is \"r\"", refused.Message);
    }

    [Fact]
    public void The_faults_of_all_files_are_told_at_once()
    {
        var task = Task with { Labels = ["p", "q"] };
        var files = new DataFiles(_folder.File("train.tsv", "a\ty\nx\tr\n"), _folder.File("dev.tsv", "a\ty\n\tp\n"));
        Assert.Equal(["train.tsv row 1 (line 2) column y", "dev.tsv row 1 (line 2) column a"],
            Assert.Throws<RefusedInputException>(() => TrainingData.Read(files, task, 42)).Faults.Select(f => f.Path));
    }

    [Fact]
    public void Without_a_validation_file_a_stratified_tenth_is_kept_aside()
    {
        var data = TrainingData.Read(new(_folder.File("train.tsv", Rows(("p", 60), ("q", 40)))), Task, 42);
        Assert.Equal([54, 36], data.Train.Examples.CountBy(e => e.Class).OrderBy(c => c.Key).Select(c => c.Value));
        Assert.Equal([6, 4], data.Validation.Examples.CountBy(e => e.Class).OrderBy(c => c.Key).Select(c => c.Value));
        Assert.Equal(100, data.Train.Examples.Concat(data.Validation.Examples).DistinctBy(e => e.First).Count());
    }

    [Fact]
    public void A_class_of_one_example_stays_for_training()
    {
        var data = TrainingData.Read(new(_folder.File("train.tsv", Rows(("p", 60), ("q", 1)))), Task, 42);
        Assert.Contains(data.Train.Examples, e => e.Class == 1);
    }

    [Fact]
    public void Too_few_rows_or_one_class_only_are_refused()
    {
        var few = new DataFiles(_folder.File("train.tsv", "a\ty\nx\tp\nx\tq\n"));
        Assert.Contains("too few rows", Assert.Throws<RefusedInputException>(() => TrainingData.Read(few, Task, 42)).Message);
        var one = new DataFiles(_folder.File("train.tsv", Rows(("p", 60))));
        Assert.Contains("one class only",
            Assert.Throws<RefusedInputException>(() => TrainingData.Read(one, Task with { Labels = ["p", "q"] }, 42)).Message);
    }

    [Theory]
    [InlineData(TaskKind.Classification, "p", "-1", null)]
    [InlineData(TaskKind.Classification, "p", "-1\nx\tp",
        "test.tsv row 1 (line 2) column y: must be one of p, q, or its number from 0; it is \"-1\"")]
    [InlineData(TaskKind.Regression, "0.5", "-1.0", null)]
    public void A_test_file_whose_labels_are_all_hidden_is_left_out_with_a_remark(TaskKind kind, string label, string hidden, string? fault)
    {
        var task = Task with { Kind = kind, Metric = kind == TaskKind.Regression ? Metric.Spearman : Metric.Accuracy };
        var other = kind == TaskKind.Regression ? "-1" : "q";
        var files = new DataFiles(_folder.File("train.tsv", Rows((label, 60), (other, 40))),
            Test: _folder.File("test.tsv", $"a\ty\nx\t{hidden}\n\t-1\n"));
        if (fault is not null)
        {
            Assert.Contains(fault, Assert.Throws<RefusedInputException>(() => TrainingData.Read(files, task, 42)).Message);
            return;
        }
        var data = TrainingData.Read(files, task, 42);
        Assert.Null(data.Test);
        Assert.Equal("test.tsv is left out: its labels are all -1, which says that they are hidden.", Assert.Single(data.Remarks));
    }

    [Fact]
    public void A_class_may_be_called_minus_one()
    {
        var files = new DataFiles(_folder.File("train.tsv", Rows(("-1", 60), ("1", 40))), Test: _folder.File("test.tsv", Rows(("-1", 2))));
        var data = TrainingData.Read(files, Task, 42);
        Assert.Equal([0, 0], data.Test!.Examples.Select(e => e.Class));
        Assert.Empty(data.Remarks);
    }

    private static string Rows(params (string Label, int Count)[] classes) =>
        "a\ty\n" + string.Concat(classes.SelectMany(c => Enumerable.Range(0, c.Count).Select(i => $"{c.Label}{i}\t{c.Label}\n")));
}
