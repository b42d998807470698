namespace LoraDrop.Cli.Tests;

public sealed class RefusedFolderFacts(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private readonly TinyRun _run = trained.Tiny;

    [Fact]
    public void A_finished_run_is_not_run_again() =>
        Loradrop.Run(_run.Command("train", trained.Folder)).Complained(ExitCode.Usage, trained.Folder, "holds this run, finished already");

    [Fact]
    public void The_folder_of_another_run_is_refused_with_what_differs() =>
        Loradrop.Run(_run.Command("train", trained.Folder, "--rank", "3", "--seed", "7"))
            .Complained(ExitCode.Usage, trained.Folder, "request.lora.rank", "request.training.seed");

    [Fact]
    public void Foreign_files_stay_as_they_are()
    {
        var folder = Path.GetDirectoryName(_run.Written("thesis.tex", "mine"))!;
        Loradrop.Run(_run.Command("train", folder)).Complained(ExitCode.Usage, folder, "is not empty and holds no run");
        Assert.Equal("mine", File.ReadAllText(Assert.Single(Directory.EnumerateFileSystemEntries(folder))));
    }

    [Fact]
    public void A_file_is_no_folder() =>
    Loradrop.Run(_run.Command("train", _run.Settings)).Complained(ExitCode.Usage, _run.Settings, "is a file");

    [Theory]
    [InlineData("importance.json", "{", "importance.json: is not the importance of a run")]
    [InlineData("importance.json", "{\"sites\": [null]}", "importance.json: is not the importance of a run")]
    [InlineData("checkpoint.safetensors", "12345678", "checkpoint.safetensors: not a safetensors file")]
    [InlineData("run.json", "{", "its run.json is not that of a run")]
    public void A_stopped_run_with_a_spoilt_file_is_refused(string name, string text, string about)
    {
        var folder = _run.Copy(trained.Folder);
        File.Delete(Path.Combine(folder, "result.json"));
        File.WriteAllText(Path.Combine(folder, name), text);
        Loradrop.Run(_run.Command("train", folder)).Complained(ExitCode.Usage, folder, about);
        Assert.Equal(text, File.ReadAllText(Path.Combine(folder, name)));
    }

    [Theory]
    [InlineData("{\"sites\": [null]}")]
    [InlineData("7")]
    [InlineData("{}")]
    public void Importance_of_a_file_that_has_none_is_refused(string text)
    {
        var (file, folder) = (_run.Written("importance.json", text), _run.New());
        Loradrop.Run(_run.Command("train", folder, "--importance-from", file))
            .Complained(ExitCode.Usage, file, "is not the importance of a run");
        Assert.False(Path.Exists(folder), "left a folder behind");
    }

    [Theory]
    [InlineData("loradrop.json", null, "file not found")]
    [InlineData("loradrop.json", "{", "is malformed")]
    [InlineData("loradrop.json", "[]", "is malformed")]
    [InlineData("adapter_config.json", null, "file not found")]
    [InlineData("adapter_config.json", "{\"peft_type\": \"LOHA\"}", "LORA, VERA, ADALORA, IA3")]
    [InlineData("adapter_config.json", "{\"peft_type\": \"LORA\", \"r\": \"two\"}", "is not the configuration of a PEFT adapter")]
    [InlineData("adapter_config.json", "[]", "is not the configuration of a PEFT adapter")]
    [InlineData("adapter_model.safetensors", null, "file not found")]
    [InlineData("adapter_model.safetensors", "12345678", "not a safetensors file")]
    public void A_corrupted_adapter_is_refused(string name, string? text, string about)
    {
        var (adapter, merged) = (_run.Copy(trained.Adapter), _run.New());
        var file = Path.Combine(adapter, name);
        File.Delete(file);
        if (text is not null) File.WriteAllText(file, text);
        Loradrop.Run("merge", adapter, "--out", merged, "--json", "--threads", "1").Complained(ExitCode.Usage, file, about);
        Assert.False(Path.Exists(merged));
    }

    [Theory]
    [InlineData("\"maxLength\": 512", "\"maxLength\": -1", "maxLength")]
    [InlineData("\"bad\",", "", "labels")]
    [InlineData("\"baseModel\": \"", "\"baseModel\": \"/nowhere", "/nowhere")]
    public void A_task_that_cannot_be_is_refused(string from, string to, string about)
    {
        var adapter = _run.Copy(trained.Adapter);
        var file = Path.Combine(adapter, "loradrop.json");
        var text = File.ReadAllText(file);
        Assert.Contains(from, text);
        File.WriteAllText(file, text.Replace(from, to));
        Loradrop.Run("predict", adapter, "--text", "a", "--json", "--threads", "1").Complained(ExitCode.Usage, about);
    }

    [Fact]
    public void An_adapter_that_is_not_there_is_refused() =>
        Loradrop.Run("predict", _run.At("nowhere"), "--text", "a", "--json", "--threads", "1")
            .Complained(ExitCode.Usage, _run.At("nowhere"), "file not found");

    [Theory]
    [InlineData("--data", "")]
    [InlineData("--batch-size", "0")]
    [InlineData("--batch-size", "many")]
    public void An_option_without_sense_is_named(string option, string value)
    {
        var ended =
            Loradrop.Run(["evaluate", trained.Adapter, .. option == "--data" ? (string[])[] : ["--data", _run.Validation], option, value]);
        Assert.Equal(ExitCode.Usage, ended.Code);
        Assert.Contains(option, ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
    }

    [Fact]
    public void The_second_text_of_a_pair_needs_a_first()
    {
        var ended = Loradrop.Run("predict", trained.Adapter, "--text-pair", "was dull");
        Assert.Equal(ExitCode.Usage, ended.Code);
        Assert.Contains("--text-pair", ended.Error);
    }
}
