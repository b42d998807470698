using System.Text.Json.Nodes;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Cli.Tests;

/// <summary>A tiny model, data and settings, and the command lines that use them.</summary>
public sealed class TinyRun : IDisposable
{
    private readonly TinyTask _task = new();
    private int _folders;

    public TinyRun()
    {
        Settings = At("settings.json");
        var settings = JsonNode.Parse(_task.Request().ToJson())!.AsObject();
        settings["dataset"] = Path.GetDirectoryName(_task.Files.Train);
        File.WriteAllText(Settings, settings.ToJsonString());
    }

    public string Settings { get; }

    public string Model => _task.Model;

    public string Train => _task.Files.Train;

    public string Validation => _task.Files.Validation!;

    public string At(string name) => _task.Out(name);

    /// <summary>A path at which nothing is yet.</summary>
    public string New(string name = "new") => At($"{name}-{Interlocked.Increment(ref _folders)}");

    /// <summary>A file with this text.</summary>
    public string Written(string name, string text)
    {
        var folder = New();
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name), text);
        return Path.Combine(folder, name);
    }

    /// <summary>A copy of a folder, which the test may spoil.</summary>
    public string Copy(string folder)
    {
        var copy = New();
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
        return copy;
    }

    /// <summary>A command on these settings; options that follow win.</summary>
    public string[] Command(string name, string folder, params string[] options) =>
        [name, "--json", "--threads", "1", "--settings", Settings, "--out", folder, .. options];

    public void Dispose() => _task.Dispose();
}
