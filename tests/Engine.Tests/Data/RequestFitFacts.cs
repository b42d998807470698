using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>What is told of a data set from its facts is what the run tells that reads it.</summary>
public sealed class RequestFitFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tsv", "text\tlabel\n{0}x\tgood\ny\tbad\n", "text", "label")]
    [InlineData("tsv", "text\tlabel\n{0}x\tgood\ny\tbad\n", "text", "lable")]
    [InlineData("tsv", "text\tlabel\n{0}x\tgood\n\tbad\n", "text", "label")]
    [InlineData("tsv", "text\tlabel\n{0}x\tgood\ny\t\n", "text", "label")]
    [InlineData("tsv", "text\tlabel\tlabel\n{0}x\tgood\t1\ny\tbad\t0\n", "text", "label")]
    [InlineData("tsv", "text\tlabel\t\n{0}x\tgood\t1\ny\tbad\t0\n", "text", "label")]
    [InlineData("tsv", "1\tgood\n{0}x\tgood\ny\tbad\n", "0", "1")]
    [InlineData("tsv", "x\tgood\n{0}x\tgood\ny\tbad\n", "0", "1")]
    [InlineData("tsv", "x\tgood\n{0}x\tgood\ny\tbad\n", "0", "2")]
    [InlineData("tsv", "text\tlabel\nx\tgood\ny\tbad\n", "text", "label")]
    [InlineData("tsv", "text\tlabel\n{0}", "text", "label")]
    [InlineData("jsonl", "{{\"text\": \"x\", \"label\": true}}\n{{\"text\": \"x\", \"label\": false}}", "text", "label")]
    [InlineData("jsonl", "{{\"text\": 3, \"label\": \"good\"}}\n{{\"text\": 4, \"label\": \"bad\"}}", "text", "label")]
    [InlineData("csv", "text,label\n{0}x,good\ny,fine\n", "text", "label", "good", "bad")]
    [InlineData("csv", "text,label\n{0}x,good\ny,fine\n", "text", "label", "good", "fine")]
    [InlineData("csv", "text,label\n{0}x,0\ny,1\n", "text", "label", "good", "fine")]
    public void A_request_fits_where_the_run_takes_it(string format, string text, string first, string label, params string[] labels)
    {
        var separator = format == "csv" ? ',' : '\t';
        var more =
            string.Concat(Enumerable.Range(0, 10).Select(_ =>
                $"again{separator}{(labels.Length > 0 && text.Contains(",0") ? "0" : "good")}{(text.Contains("good\t1") ? "\t1" : "")}\n"));
        var files = new DataFiles(_folder.File($"train.{format}", string.Format(text, more)));
        var task = new TaskSettings { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new(first, null, label),
            Labels = labels.Length == 0 ? null : labels };
        Assert.Equal(Refuses(() => TrainingData.Read(files, task, 42)),
            RequestFit.Faults(Request(task), null, DatasetInspection.Read(files)).Count > 0);
    }

    [Theory]
    [InlineData("glue/cola", "CoLA")]
    [InlineData("glue/sst2", "SST-2")]
    [InlineData("glue/mrpc", "MRPC")]
    [InlineData("glue/stsb", "STS-B")]
    [InlineData("glue/rte", "RTE")]
    [InlineData("glue/qnli", "QNLI")]
    [InlineData("glue/mnli", "MNLI")]
    [InlineData("glue/qqp", "QQP")]
    public void Every_preset_fits_its_data_and_no_other_of_another_kind(string preset, string folder)
    {
        var data = DatasetInspection.Read(DataFiles.At(RealData.Path("glue", folder)));
        Assert.Empty(RequestFit.Faults(Request(TaskPreset.Find(preset)!.Task), null, data));
        Assert.NotEmpty(RequestFit.Faults(Request(TaskPreset.Find(preset == "glue/stsb" ? "glue/rte" : "glue/stsb")!.Task), null, data));
    }

    private static JobRequest Request(TaskSettings task) =>
        new() { Model = "m", Dataset = "d", Task = task, Training = new() };

    private static bool Refuses(Action read)
    {
        try
        {
            read();
            return false;
        }
        catch (RefusedInputException)
        {
            return true;
        }
    }
}
