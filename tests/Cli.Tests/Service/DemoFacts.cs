using System.Diagnostics;

namespace LoraDrop.Cli.Tests;

public sealed class DemoFacts(DemoFacts.TinySample sample) : IClassFixture<DemoFacts.TinySample>
{
    [Fact]
    public void The_demo_ends_with_both_methods_and_their_files_and_stops_its_service()
    {
        var folder = sample.Tiny.New("demo");
        var ended = Loradrop.Run("demo", "--sample", sample.Folder, "--out", folder, "--threads", "1", "--json").Well();
        Assert.Equal(["LoRA", "LoRA-drop"], ended.Events[^1].GetProperty("parameters").EnumerateObject().Select(p => p.Name));
        Assert.All(["lora-42/adapter/adapter_model.safetensors", "lora-drop-42/importance.svg", "lora-drop-42/result.json"],
            file => Assert.True(File.Exists(Path.Combine(folder, file)), file));
        Assert.False(Lives(ended.Events[0].GetProperty("id").GetInt32()));
    }

    [Fact]
    public void Kept_the_service_goes_on_and_can_be_asked()
    {
        var folder = sample.Tiny.New("demo");
        var ended = Loradrop.Run("demo", "--sample", sample.Folder, "--out", folder, "--threads", "1", "--keep").Well();
        Assert.All(["> loradrop jobs submit", "of 3 layers keep their own LoRA", "LoRA-drop", "with other layers switched off",
            "Swagger UI   http://"], words => Assert.Contains(words, ended.Output));
        var id = ended.Output.Split("kill ")[^1].Split('\n')[0];
        try
        {
            var url = ended.Output.Split($"{ServiceAddress.Variable}=")[^1].Split('\n')[0];
            Assert.Equal(2, Loradrop.Run("jobs", "list", "--json", "--url", url).Well().Events.Length);
        }
        finally
        {
            using var kill = Process.Start("kill", ["-TERM", id]);
            kill.WaitForExit();
            SpinWait.SpinUntil(() => !Lives(int.Parse(id)), TimeSpan.FromMinutes(5));
        }
        Assert.False(Lives(int.Parse(id)));
    }

    [Fact]
    public void Interrupted_it_takes_its_service_along()
    {
        var id = 0;
        var ended = Loradrop.Interrupt("INT", e =>
        {
            if (e.TryGetProperty("event", out var kind) && kind.GetString() == "service") id = e.GetProperty("id").GetInt32();
            return e.TryGetProperty("event", out kind) && kind.GetString() == "submitted";
        }, "demo", "--sample", sample.Folder, "--out", sample.Tiny.New("demo"), "--threads", "1", "--json");
        ended.Complained(ExitCode.Stopped, "the demo's service is stopped too");
        Assert.False(Lives(id));
    }

    /// <summary>A process that has ended is a zombie until its parent looks, which here may be nobody.</summary>
    private static bool Lives(int id) => File.Exists($"/proc/{id}/stat") && File.ReadAllText($"/proc/{id}/stat").Split(' ')[2] != "Z";

    /// <summary>The tiny task, laid out as the repository lays out its sample.</summary>
    public sealed class TinySample : IDisposable
    {
        public TinySample()
        {
            Folder = Path.Combine(Tiny.New("samples"), "english");
            Copy(Tiny.Model, Path.Combine(Folder, "model"));
            var data = Directory.CreateDirectory(Path.Combine(Folder, "data", "acceptable")).FullName;
            File.Copy(Tiny.Train, Path.Combine(data, "train.tsv"));
            File.Copy(Tiny.Validation, Path.Combine(data, "dev.tsv"));
            var requests = Directory.CreateDirectory(Path.Combine(Folder, "..", "requests")).FullName;
            File.Copy(Tiny.Settings, Path.Combine(requests, "acceptable.json"));
        }

        public TinyRun Tiny { get; } = new();

        public string Folder { get; }

        public void Dispose() => Tiny.Dispose();

        private static void Copy(string from, string to)
        {
            Directory.CreateDirectory(to);
            foreach (var file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
