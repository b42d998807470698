using System.Security.Cryptography;
using System.Text;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

public sealed class HubModelFacts
{
    private static readonly byte[] Weights = Encoding.UTF8.GetBytes("the weights");

    [Fact]
    public async Task A_model_is_its_configuration_its_tokenizer_and_its_safetensors_and_nothing_else()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        foreach (var other in (string[])["README.md", "pytorch_model.bin", "modeling_evil.py", "onnx/model.onnx", "onnx/config.json",
            "tf_model.h5", "flax_model.msgpack", "model.fp16.safetensors"])
            visit.Hub.Put("models/org/model", other, "not this");
        foreach (var used in (string[])["vocab.json", "chat_template.jinja", "generation_config.json", "tokenizer.model"])
            visit.Hub.Put("models/org/model", used, "{}");
        await visit.FetchModelAsync();
        Assert.Equal(["chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
            "tokenizer.model", "vocab.json"], visit.Fetched());
        Assert.Equal(Weights, File.ReadAllBytes(Path.Combine(visit.Target, "model.safetensors")));
    }

    [Fact]
    public async Task The_chat_template_for_tools_comes_too_in_its_folder()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        foreach (var name in (string[])["tool_use", "rag"])
            visit.Hub.Put("models/org/model", $"additional_chat_templates/{name}.jinja", name);
        var snapshot = await visit.FetchModelAsync();
        Assert.Contains("additional_chat_templates/tool_use.jinja", snapshot.Files.Select(file => file.Name));
        var file = Assert.Single(Directory.GetFiles(Path.Combine(visit.Target, "additional_chat_templates")));
        Assert.Equal("tool_use", File.ReadAllText(file));
    }

    [Fact]
    public async Task The_snapshot_tells_the_commit_and_the_bytes()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        var snapshot = await visit.FetchModelAsync();
        Assert.Equal((LocalHub.Commit, null), (snapshot.Commit, snapshot.Config));
        Assert.Contains(new HubFile("model.safetensors", "model.safetensors", Weights.Length,
            Convert.ToHexStringLower(SHA256.HashData(Weights))), snapshot.Files);
        Assert.Contains(new HubFile("config.json", "config.json", 2, Convert.ToHexStringLower(SHA256.HashData("{}"u8))), snapshot.Files);
    }

    [Fact]
    public async Task A_revision_with_slashes_is_one_part_of_the_address()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        await visit.FetchModelAsync("hf:org/model@refs/pr/1");
        Assert.Equal("/api/models/org/model/revision/refs%2Fpr%2F1", visit.Hub.Requests.First().Path);
    }

    [Fact]
    public async Task A_repository_without_an_organisation_will_do()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights, "gpt2");
        await visit.FetchModelAsync("hf:gpt2");
        Assert.Contains("model.safetensors", visit.Fetched());
    }

    [Fact]
    public async Task A_list_of_files_is_read_to_its_last_page()
    {
        await using var visit = await HubVisit.BeginAsync();
        for (var i = 0; i < 7; i++) visit.Hub.Put("models/org/model", $"checkpoint-{i}/x.bin", "x");
        visit.WithModel(Weights).Hub.PageSize = 3;
        await visit.FetchModelAsync();
        Assert.Equal(4, visit.Hub.Requests.Count(asked => asked.Path.Contains("/tree/")));
        Assert.Contains("model.safetensors", visit.Fetched());
    }

    [Fact]
    public async Task Shards_are_fetched_with_their_index()
    {
        await using var visit = await HubVisit.BeginAsync();
        PutShards(visit,
            """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}""");
        visit.Hub.Put("models/org/model", "unnamed.safetensors", "x");
        await visit.FetchModelAsync();
        Assert.Equal(["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
            "tokenizer.json"], visit.Fetched());
    }

    [Theory]
    [InlineData("../evil.safetensors")]
    [InlineData("/etc/evil.safetensors")]
    [InlineData("..\\\\evil.safetensors")]
    [InlineData("folder/evil.safetensors")]
    [InlineData("evil.bin")]
    [InlineData("")]
    public async Task An_index_that_names_anything_but_a_shard_beside_it_is_refused(string name)
    {
        await using var visit = await HubVisit.BeginAsync();
        PutShards(visit, $$"""{"weight_map":{"a":"{{name}}"} }""");
        Assert.Contains("not a safetensors file next to it", await visit.ModelRefusalAsync());
        Assert.Empty(visit.Fetched());
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"model-00009.safetensors"}}""", "'model-00009.safetensors', which does not exist")]
    [InlineData("""{"weight_map":{"a":1}}""", "not an index")]
    [InlineData("""{"weights":{}}""", "not an index")]
    [InlineData("<html>", "not an index")]
    public async Task An_index_that_cannot_be_followed_is_refused(string index, string reason)
    {
        await using var visit = await HubVisit.BeginAsync();
        PutShards(visit, index);
        Assert.Contains(reason, await visit.ModelRefusalAsync());
    }

    [Fact]
    public async Task A_pickle_alone_is_refused_and_not_fetched()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Put("models/org/model", "config.json", "{}");
        visit.Hub.Put("models/org/model", "vocab.txt", "[UNK]");
        visit.Hub.Put("models/org/model", "pytorch_model.bin", "pickle");
        var refusal = await visit.ModelRefusalAsync();
        Assert.Contains("pytorch_model.bin", refusal);
        Assert.Contains("can run code", refusal);
        Assert.Equal(0, visit.Hub.BytesOfFiles);
    }

    [Fact]
    public async Task Everything_that_a_model_lacks_is_told_at_once()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Put("models/org/model", "vocab.json", "{}");   // half a tokenizer
        var faults = await visit.ModelFaultsAsync();
        Assert.Equal(["config.json", "supported", "model.safetensors"], faults.Select(fault => fault.Message.Split(' ')[3].Trim(',')));
        Assert.All(faults, fault => Assert.Equal("model", fault.Path));
    }

    [Fact]
    public async Task A_model_has_no_configs()
    {
        await using var visit = await HubVisit.BeginAsync();
        Assert.Contains("remove #rte", await visit.ModelRefusalAsync("hf:org/model#rte"));
    }

    [Fact]
    public async Task Listed_names_that_lead_out_of_the_repository_are_as_if_not_there()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Put("models/org/model", "../config.json", "{}");
        visit.Hub.Put("models/org/model", "./tokenizer.json", "{}");
        visit.Hub.Put("models/org/model", "/model.safetensors", "x");
        Assert.Equal(3, (await visit.ModelFaultsAsync()).Count);
    }

    private static void PutShards(HubVisit visit, string index)
    {
        visit.Hub.Put("models/org/model", "config.json", "{}");
        visit.Hub.Put("models/org/model", "tokenizer.json", "{}");
        visit.Hub.Put("models/org/model", "model.safetensors.index.json", index);
        visit.Hub.Put("models/org/model", "model-00001-of-00002.safetensors", Weights, large: true);
        visit.Hub.Put("models/org/model", "model-00002-of-00002.safetensors", [1, 2, 3], large: true);
    }
}
