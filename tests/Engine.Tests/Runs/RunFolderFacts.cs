using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class RunFolderFacts : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Fact]
    public void A_folder_that_holds_another_run_is_refused_with_what_differs()
    {
        _task.Run(_task.Request(), _task.Out(), stopAt: 2);
        Assert.Contains("holds another run, which differs in request.training.seed.",
            Refusal(_task.Request(json => json["training"]!["seed"] = 43)).Message);
    }

    [Fact]
    public void A_run_on_data_that_has_changed_is_another_run()
    {
        _task.Run(_task.Request(), _task.Out(), stopAt: 2);
        File.AppendAllText(_task.Files.Train, "one more\tgood\t0.5\n");
        Assert.Contains("differs in files.", Refusal(_task.Request()).Message);
    }

    [Fact]
    public void A_finished_run_is_not_run_again()
    {
        _task.Run(_task.Request(), _task.Out());
        Assert.Contains("finished already", Refusal(_task.Request()).Message);
    }

    [Theory]
    [InlineData("notes.txt", "mine")]
    [InlineData("run.json", "mine")]
    [InlineData("run.json", "[]")]
    public void A_folder_that_holds_something_else_is_left_alone(string name, string text)
    {
        Directory.CreateDirectory(_task.Out());
        File.WriteAllText(Path.Combine(_task.Out(), name), text);
        Assert.Equal(_task.Out(), Refusal(_task.Request()).Path);
        Assert.Equal([name], Directory.GetFileSystemEntries(_task.Out()).Select(Path.GetFileName));
        Assert.Equal(text, File.ReadAllText(Path.Combine(_task.Out(), name)));
    }

    [Fact]
    public void A_file_is_no_folder()
    {
        File.WriteAllText(_task.Out(), "");
        Assert.Contains("is a file", Refusal(_task.Request()).Message);
    }

    [Fact]
    public void Two_runs_cannot_work_in_one_folder()
    {
        using var first = new LoraDropRun(_task.Request(), _task.Inputs(_task.Request()), _task.Out(), TorchSharp.torch.CPU, _ => { });
        Assert.Contains("another process is using this folder", Refusal(_task.Request()).Message);
    }

    [Fact]
    public void A_folder_in_which_a_run_was_killed_before_it_wrote_anything_can_be_used()
    {
        Directory.CreateDirectory(_task.Out());
        File.WriteAllText(Path.Combine(_task.Out(), "run.lock"), "");
        Assert.NotNull(_task.Run(_task.Request(), _task.Out()).Result);
    }

    [Fact]
    public void A_run_goes_on_when_only_its_priority_and_its_worker_are_others_and_leaves_the_same_bytes()
    {
        var hurried = _task.Request(json => (json["priority"], json["worker"]) =
            ("high", JsonNode.Parse("""{"labels": {"gpu": "H100"}, "memoryGiB": 80}""")));
        _task.Run(_task.Request(), _task.Out("whole"));
        _task.Run(_task.Request(), _task.Out(), stopAt: 8);
        Assert.NotNull(_task.Run(hurried, _task.Out()).Result);
        string[] Files(string folder) =>
            [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(file => !file.Contains("events"))
                .Select(file => Path.GetRelativePath(folder, file)).Order()];
        Assert.Equal(Files(_task.Out("whole")), Files(_task.Out()));
        Assert.All(Files(_task.Out()).Where(file => !file.StartsWith("checkpoint")),
            file => Assert.True(File.ReadAllBytes(Path.Combine(_task.Out("whole"), file))
            .SequenceEqual(File.ReadAllBytes(Path.Combine(_task.Out(), file))), file));
    }

    [Fact]
    public void Its_run_json_says_its_format_and_one_that_says_none_is_of_the_first()
    {
        _task.Run(_task.Request(), _task.Out(), stopAt: 8);
        Rewrite(json =>
        {
            Assert.Equal(RunFolder.Format, json["format"]!.GetValue<int>());
            json.Remove("format");
        });
        Assert.NotNull(_task.Run(_task.Request(), _task.Out()).Result);
    }

    [Fact]
    public void A_run_of_another_format_is_refused_with_both_and_left_alone()
    {
        _task.Run(_task.Request(), _task.Out(), stopAt: 8);
        Rewrite(json => (json["format"], json["request"]) = (2, "written otherwise"));
        var refused = Assert.Throws<UnknownFormatException>(() => _task.Run(_task.Request(), _task.Out()));
        Assert.StartsWith("the run has format 2, and this version of loradrop knows format 1 only.", Assert.Single(refused.Faults).Message);
        Assert.True(File.Exists(Path.Combine(_task.Out(), "checkpoint.safetensors")), "the checkpoint is gone");
    }

    private void Rewrite(Action<JsonObject> change)
    {
        var path = Path.Combine(_task.Out(), RunFolder.IdentityFile);
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private Fault Refusal(JobRequest request) =>
        Assert.Single(Assert.Throws<RefusedInputException>(() => _task.Run(request, _task.Out())).Faults);
}
