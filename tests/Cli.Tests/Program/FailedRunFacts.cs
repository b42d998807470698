using System.Diagnostics;

namespace LoraDrop.Cli.Tests;

public sealed class FailedRunFacts(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private readonly TinyRun _run = trained.Tiny;

    [Fact]
    public void A_loss_that_is_no_number_names_stage_and_step()
    {
        var folder = _run.New();
        Loradrop.Run(_run.Command("train", folder, "--learning-rate", "1e30"))
            .Complained(ExitCode.Diverged, "ImportanceEvaluation at step 2", "Lower training.learningRate");
        Assert.False(File.Exists(Path.Combine(folder, "importance.json")));
    }

    [Fact]
    public void The_checkpoint_before_it_is_kept()
    {
        var folder = _run.New();
        var ended = Loradrop.Run(_run.Command("train", folder, "--importance-from", trained.Folder, "--learning-rate", "1e30", "--warmup",
            "0.5", "--evaluate-every", "1"));
        ended.Complained(ExitCode.Diverged, "TaskAdaptation at step");
        Assert.Equal(ended.Events.Any(e => e.GetProperty("event").GetString() == "checkpoint"),
            File.Exists(Path.Combine(folder, "checkpoint.safetensors")));
        Assert.False(Path.Exists(Path.Combine(folder, "adapter")));
    }

    [Fact]
    public void On_a_full_disk_a_run_stops_whole_and_goes_on_when_there_is_room()
    {
        using var disk = new SmallDisk(_run.New("disk"), "28k");
        var command = _run.Command("train", Path.Combine(disk.Path, "out"));
        Loradrop.Run(command).Complained(ExitCode.Storage, "No space left on device", "with the same command");
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Path, "*.tmp", SearchOption.AllDirectories));
        disk.Grow("4m");
        Loradrop.Run(command).Well();
        Assert.Equal(File.ReadAllBytes(Path.Combine(trained.Adapter, "adapter_model.safetensors")),
            File.ReadAllBytes(Path.Combine(disk.Path, "out", "adapter", "adapter_model.safetensors")));
    }

    [Fact]
    public void A_merged_model_that_does_not_fit_leaves_nothing()
    {
        using var disk = new SmallDisk(_run.New("disk"), "28k");
        Loradrop.Run("merge", trained.Adapter, "--out", Path.Combine(disk.Path, "merged"), "--json", "--threads", "1")
            .Complained(ExitCode.Storage, "No space left on device");
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Path));
    }

    /// <summary>A file system in memory that is soon full; where it cannot be mounted, the test is skipped.</summary>
    private sealed class SmallDisk : IDisposable
    {
        public SmallDisk(string path, string size)
        {
            Path = path;
            Directory.CreateDirectory(path);
            Assert.SkipUnless(Do("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path), "a tmpfs can only be mounted as root");
        }

        public string Path { get; }

        public void Grow(string size) => Assert.True(Do("mount", "-o", $"remount,size={size}", Path));

        public void Dispose() => Do("umount", Path);

        private static bool Do(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
    }
}
