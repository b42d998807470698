namespace LoraDrop.Domain.Tests;

public sealed class TaskPresetFacts
{
    [Theory]   // Hu et al. 2021, table 9, RoBERTa-base
    [InlineData("glue/mnli", 16, 30, 5e-4)]
    [InlineData("glue/sst2", 16, 60, 5e-4)]
    [InlineData("glue/mrpc", 16, 30, 4e-4)]
    [InlineData("glue/cola", 32, 80, 4e-4)]
    [InlineData("glue/qnli", 32, 25, 4e-4)]
    [InlineData("glue/qqp", 16, 25, 5e-4)]
    [InlineData("glue/rte", 32, 80, 5e-4)]
    [InlineData("glue/stsb", 16, 40, 4e-4)]
    public void Training_is_that_of_the_LoRA_paper(string name, int batchSize, int epochs, double learningRate)
    {
        var training = TaskPreset.Find(name)!.Training;
        Assert.Equal((batchSize, epochs, learningRate, 0.06, 512),
            (training.BatchSize, training.Epochs, training.LearningRate, training.WarmupRatio, training.MaxLength));
    }

    [Fact]
    public void Of_GLUE_only_CoLA_and_STS_B_are_not_scored_by_accuracy() => Assert.Equal(
        [("glue/cola", Metric.Matthews), ("glue/stsb", Metric.Spearman)],
        TaskPreset.All.Where(p => p.Kind != TaskKind.Generation && p.Metric != Metric.Accuracy).Select(p => (p.Name, p.Metric)));

    [Fact]
    public void Every_preset_is_a_task_without_faults() => Assert.All(TaskPreset.All, preset => Assert.Empty(preset.Task.Faults("task")));

    [Fact]
    public void All_eight_tasks_of_GLUE_the_papers_four_of_generation_and_two_plain_ones_are_there_once() =>
    Assert.Equal(14, TaskPreset.All.DistinctBy(p => p.Name).Count());

    [Theory]
    [InlineData("e2e", Metric.E2eBleu)]
    [InlineData("dart", Metric.E2eBleu)]
    [InlineData("dialogsum", Metric.Rouge)]
    [InlineData("gsm8k", Metric.Gsm8k)]
    public void Tasks_of_generation_have_the_papers_rank_targets_and_metric(string name, Metric metric)
    {
        var request = JobRequest.Parse($$$"""{"model": "m", "dataset": "d", "task": {"preset": "{{{name}}}"}}""");
        Assert.Equal((64, metric, true), (((LoraSettings)request.Tuning).Rank, request.Task.Metric, request.Training.Packing));
        Assert.Equal(["q", "k", "v", "o", "up", "down"], request.Tuning.Layers);
        Assert.Equal(TaskPreset.Find(name)!.Decoding, request.Task.Decoding);
    }

    [Fact]
    public void Texts_with_a_label_take_their_classes_from_the_file_and_the_schedule_from_the_defaults()
    {
        var preset = TaskPreset.Find(TaskPreset.Labelled)!;
        Assert.Null(preset.Task.Labels);
        Assert.Equal(new TrainingSettings(), preset.Training);
        Assert.Equal(["text, label", "prompt, completion"], preset.Columns.Select(columns => $"{columns}"));
    }
}
