namespace LoraDrop.Cli.Tests;

public sealed class TrainingTimesFacts : IDisposable
{
    private readonly Engine.Tests.TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_finished_run_that_is_read_again_has_the_seconds_of_its_training()
    {
        new TrainingTimes(_folder.Path).Measure("lora-42", Wait);
        var took = new TrainingTimes(_folder.Path).Of("lora-42");
        Assert.True(took >= TimeSpan.FromMilliseconds(50), $"{took}");
        Assert.Null(new TrainingTimes(_folder.Path).Of("lora-drop-42"));
    }

    [Fact]
    public void A_run_that_was_stopped_and_goes_on_has_the_seconds_of_both_parts()
    {
        var times = new TrainingTimes(_folder.Path);
        Assert.Throws<OperationCanceledException>(() =>
            times.Measure("lora-42", () => Wait() ? throw new OperationCanceledException() : true));
        var first = times.Of("lora-42");
        times.Measure("lora-42", Wait);
        Assert.True(times.Of("lora-42") >= first + TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void A_damaged_file_of_times_is_no_time()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "seconds.json"), "{");
        Assert.Null(new TrainingTimes(_folder.Path).Of("lora-42"));
    }

    private static bool Wait()
    {
        Thread.Sleep(60);
        return true;
    }
}
