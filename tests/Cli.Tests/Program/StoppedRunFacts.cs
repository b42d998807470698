using System.Text.Json;

namespace LoraDrop.Cli.Tests;

public sealed class StoppedRunFacts(StoppedRunFacts.Undisturbed undisturbed) : IClassFixture<StoppedRunFacts.Undisturbed>
{
    [Fact]
    public void Killed_in_stage_1_it_starts_that_stage_again() => EndsWithTheSameBits("KILL", "importance-evaluation", 128 + 9);

    [Fact]
    public void Killed_in_stage_2_it_goes_on_from_its_checkpoint() => EndsWithTheSameBits("KILL", "task-adaptation", 128 + 9);

    [Fact]
    public void Told_to_end_in_stage_1_it_goes_on_at_that_step() => EndsWithTheSameBits("TERM", "importance-evaluation", ExitCode.Stopped);

    [Fact]
    public void Interrupted_in_stage_2_it_goes_on_at_that_step() => EndsWithTheSameBits("INT", "task-adaptation", ExitCode.Stopped);

    private void EndsWithTheSameBits(string signal, string stage, int code)
    {
        var folder = undisturbed.Tiny.New("stopped");
        var command = undisturbed.Tiny.Command("train", folder, Undisturbed.Longer);
        var stopped = Loradrop.Interrupt(signal, e => Is(e, "step", stage) && e.GetProperty("step").GetInt32() == 30, command);
        Assert.False(File.Exists(Path.Combine(folder, "result.json")));
        if (code == ExitCode.Stopped) stopped.Complained(code, "the same command, with the same --out, continues it");
        else Assert.Equal(code, stopped.Code);

        var events = Loradrop.Run(command).Well().Events;
        var from = events.First(e => Is(e, "stage-started", stage)).GetProperty("fromStep").GetInt32();
        Assert.True(signal == "KILL" && stage == "importance-evaluation" ? from == 0 : from >= 28, $"went on from step {from}");
        Assert.All(["adapter/adapter_model.safetensors", "importance.json"], file =>
            Assert.Equal(File.ReadAllBytes(Path.Combine(undisturbed.Folder, file)), File.ReadAllBytes(Path.Combine(folder, file))));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder, "*.tmp"));
    }

    private static bool Is(JsonElement e, string name, string stage) =>
        e.GetProperty("event").GetString() == name && e.GetProperty("stage").GetString() == stage;

    /// <summary>What a run ends with that nobody stops.</summary>
    public sealed class Undisturbed : IDisposable
    {
        /// <summary>Long enough for a signal to arrive in the middle.</summary>
        public static readonly string[] Longer = ["--importance-steps", "120", "--epochs", "30"];

        public Undisturbed()
        {
            Folder = Tiny.New("undisturbed");
            Loradrop.Run(Tiny.Command("train", Folder, Longer)).Well();
        }

        public TinyRun Tiny { get; } = new();

        public string Folder { get; }

        public void Dispose() => Tiny.Dispose();
    }
}
