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
        Assert.Equal((batchSize, epochs, learningRate, 0.06, 512), (training.BatchSize, training.Epochs, training.LearningRate, training.WarmupRatio, training.MaxLength));
    }

    [Fact]
    public void Only_CoLA_and_STS_B_are_not_scored_by_accuracy() => Assert.Equal(
        [("glue/cola", Metric.Matthews), ("glue/stsb", Metric.Spearman)],
        TaskPreset.All.Where(p => p.Metric != Metric.Accuracy).Select(p => (p.Name, p.Metric)));

    [Fact]
    public void Every_preset_is_a_task_without_faults() => Assert.All(TaskPreset.All, preset => Assert.Empty(preset.Task.Faults("task")));

    [Fact]
    public void All_eight_tasks_are_there_once() => Assert.Equal(8, TaskPreset.All.DistinctBy(p => p.Name).Count());
}
