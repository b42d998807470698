namespace LoraDrop.Cli.Tests;

public sealed class RefusedModelFacts(TinyRun run) : IClassFixture<TinyRun>
{
    /// <summary>Training on a copy of the model that is spoilt first.</summary>
    private void Refused(Action<string> spoil, params string[] about)
    {
        var (model, folder) = (run.Copy(run.Model), run.New());
        spoil(model);
        Loradrop.Run(run.Command("train", folder, "--model", model)).Complained(ExitCode.Usage, [model, .. about]);
        Assert.False(Path.Exists(folder), "left a folder behind");
    }

    private static void Config(string model, string from, string to)
    {
        var path = Path.Combine(model, "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(from, to));
    }

    private static string Weights(string model) => Path.Combine(model, "model.safetensors");

    [Fact]
    public void A_model_that_is_not_there_is_refused() => Refused(model => Directory.Delete(model, recursive: true), "folder not found");

    [Fact]
    public void A_folder_without_config_is_refused() =>
    Refused(model => File.Delete(Path.Combine(model, "config.json")), "config.json not found");

    [Fact]
    public void A_config_that_is_no_JSON_is_refused() => Refused(model => Config(model, "{", "{{"), "config.json: is not JSON");

    [Fact]
    public void An_architecture_that_is_not_supported_is_named_with_those_that_are() =>
        Refused(model => Config(model, "\"roberta\"", "\"mixtral\""),
            "config.json model_type: the architecture 'mixtral' is not supported; supported are bert, roberta");

    [Fact]
    public void All_faults_of_a_config_are_listed() =>
        Refused(model => { Config(model, "\"num_attention_heads\": 2", "\"num_attention_heads\": 3");
            Config(model, "\"num_hidden_layers\": 3", "\"num_hidden_layers\": -3"); }, "num_attention_heads", "num_hidden_layers");

    [Fact]
    public void A_pickle_is_never_opened() =>
    Refused(model => File.Move(Weights(model), Path.Combine(model, "pytorch_model.bin")), "Python pickle only (pytorch_model.bin)");

    [Fact]
    public void Shapes_that_contradict_the_config_are_named() =>
        Refused(model => Config(model, "\"intermediate_size\": 32", "\"intermediate_size\": 48"),
            "model.safetensors: tensor 'roberta.encoder.layer.0.intermediate.dense.weight' has shape [32, 16]", "[48, 16]");

    [Fact]
    public void Weights_that_lack_a_layer_are_refused() =>
    Refused(model => Config(model, "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"), "the weights lack 'roberta.encoder.layer.3.");

    [Fact]
    public void Weights_cut_short_are_refused() => Refused(model =>
    {
        using var file = File.OpenWrite(Weights(model));
        file.SetLength(file.Length - 100);
    }, "model.safetensors: the file is cut short");

    [Fact]
    public void A_folder_without_tokenizer_is_refused() => Refused(model =>
    {
        foreach (var file in Directory.EnumerateFiles(model)
            .Where(file => Path.GetFileName(file) is not ("config.json" or "model.safetensors")))
            File.Delete(file);
    }, "tokenizer");

    [Fact]
    public void A_tokenizer_of_another_model_is_refused() =>
    Refused(model => File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{\"model\": 7}"), "tokenizer.json");
}
