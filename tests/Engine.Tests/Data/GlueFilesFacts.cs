using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>The presets read the files of the benchmark as they are published.</summary>
public sealed class GlueFilesFacts
{
    [Theory]   // rows of each class, in the preset's order
    [InlineData("glue/cola", "CoLA/train.tsv", 2528, 6023)]
    [InlineData("glue/cola", "CoLA/dev.tsv", 322, 721)]
    [InlineData("glue/sst2", "SST-2/train.tsv", 29780, 37569)]
    [InlineData("glue/sst2", "SST-2/dev.tsv", 428, 444)]
    [InlineData("glue/mrpc", "MRPC/train.tsv", 1194, 2474)]
    [InlineData("glue/mrpc", "MRPC/dev.tsv", 129, 279)]
    [InlineData("glue/rte", "RTE/train.tsv", 1249, 1241)]
    [InlineData("glue/rte", "RTE/dev.tsv", 146, 131)]
    [InlineData("glue/qnli", "QNLI/train.jsonl", 4523, 4476)]
    [InlineData("glue/qnli", "QNLI/dev.tsv", 2702, 2761)]
    [InlineData("glue/qnli", "QNLI/dev_from_train.jsonl", 504, 496)]
    [InlineData("glue/mnli", "MNLI/train.jsonl", 3061, 2980, 2958)]
    [InlineData("glue/mnli", "MNLI/dev_from_train.jsonl", 347, 333, 320)]
    [InlineData("glue/mnli", "MNLI/dev_matched.jsonl", 3479, 3123, 3213)]
    [InlineData("glue/qqp", "QQP/train.jsonl", 5747, 3252)]
    [InlineData("glue/qqp", "QQP/dev_from_train.jsonl", 623, 377)]
    public void Every_row_has_its_class(string preset, string file, params int[] rows)
    {
        var data = Dataset.Read(RealData.Path("glue", file), TaskPreset.Find(preset)!.Task);
        Assert.Equal(rows, data.Examples.CountBy(e => e.Class).OrderBy(c => c.Key).Select(c => c.Value));
    }

    [Theory]
    [InlineData("STS-B/train.tsv", 5749)]
    [InlineData("STS-B/dev.tsv", 1500)]
    [InlineData("STS-B/sts-test.tsv", 1379)]   // no header, and two more columns on 284 rows
        public void Every_score_lies_in_0_to_5(string file, int rows)
    {
        var data = Dataset.Read(RealData.Path("glue", file), TaskPreset.Find("glue/stsb")!.Task);
        Assert.Equal(rows, data.Examples.Count);
        Assert.All(data.Examples, e => Assert.InRange(e.Label, 0, 5));
    }

    [Fact]
    public void The_test_split_of_MRPC_has_gold_labels()
    {
        using var folder = new TestFolder();
        var path = folder.File("test.tsv", File.ReadAllBytes(RealData.Path("glue", "MRPC", "msr_paraphrase_test.txt")));
        Assert.Equal(1725, Dataset.Read(path, TaskPreset.Find("glue/mrpc")!.Task).Examples.Count);
    }

    [Fact]
    public void Quotes_and_end_of_file_are_text_like_any_other()
    {
        var mrpc = Dataset.Read(RealData.Path("glue", "MRPC", "dev.tsv"), TaskPreset.Find("glue/mrpc")!.Task).Examples[0];
        Assert.Equal("\" The foodservice pie business does not fit our long-term growth strategy .", mrpc.Second);
        var cola = Dataset.Read(RealData.Path("glue", "CoLA", "dev.tsv"), TaskPreset.Find("glue/cola")!.Task).Examples;
        Assert.Equal(("The sailors rode the breeze clear of the rocks.", null, 1), (cola[0].First, cola[0].Second, cola[0].Class));
    }
}
