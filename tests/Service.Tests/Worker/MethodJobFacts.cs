using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

/// <summary>Methods as jobs, from the request to the files.</summary>
public sealed class MethodJobFacts
{
    [Fact]
    public async Task Jobs_of_other_methods_end_with_the_parameters_that_were_estimated_and_the_files_that_were_promised()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        await JobAsync(service, tiny, Methods.Find("full")!, "");
        await JobAsync(service, tiny, Methods.Find("sora")!, """, "sora": {"rank": 2}""");
        await JobAsync(service, tiny, Methods.Find("vera")!, """, "vera": {"rank": 8}, "sharing": {"keep": 1}, "importance": {"sampleRatio": 0.5, "epochs": 3}""");
    }

    [Fact]
    public async Task A_job_continues_the_adapter_of_another_or_one_of_the_hub_and_is_refused_before_it_trains_where_it_cannot()
    {
        using var tiny = new TinyTask();
        await using var hub = await LocalHub.StartAsync();
        await using var service = await WorkingService.StartAsync(hub: options => options with { Endpoint = hub.Endpoint });
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        async Task<JsonElement> Run(string lora, string adapter) => await service.RunAsync($$$"""
            {"model": "file:{{{tiny.Model}}}", "dataset": "moods", "method": "lora", "lora": {{{lora}}}, {{{adapter}}}
             "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}}, "training": {"epochs": 1, "batchSize": 8}}
            """);
        async Task<string> Remarks(JsonElement job) =>
            await service.Http.GetStringAsync($"/jobs/{job.GetProperty("id").GetString()}/events");

        var first = await Run("""{"rank": 2}""", "");
        var id = first.GetProperty("id").GetString();
        var second = await Run("""{"rank": 2}""", $""" "initialAdapter": "{id}", """);
        Assert.True(WorkingService.Status(second) == "succeeded", second.ToString());
        Assert.Contains($"Continues from job {id} (sha256 ", await Remarks(second));
        var again = await service.PostAsync($"/jobs/{second.GetProperty("id").GetString()}/clone", "{}");
        Assert.Equal(id, again.GetProperty("settings").GetProperty("initialAdapter").GetString());

        foreach (var name in AdapterFiles.All)
            hub.Put("models/org/adapter", name, await service.Http.GetByteArrayAsync($"/jobs/{id}/artifacts/adapter/{name}"),
                large: name.EndsWith(".safetensors", StringComparison.Ordinal));
        var third = await Run("""{"rank": 2}""", """ "initialAdapter": "hf:org/adapter", """);
        Assert.True(WorkingService.Status(third) == "succeeded", third.ToString());
        Assert.Contains("Continues from hf:org/adapter at commit ", await Remarks(third));

        var other = await Run("""{"rank": 3}""", """ "initialAdapter": "hf:org/adapter", """);
        Assert.Equal("refused", other.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("initialAdapter: hf:org/adapter at commit", other.GetProperty("error").GetProperty("message").GetString());
        var missing = await Run("""{"rank": 2}""", """ "initialAdapter": "hf:org/nothing", """);
        Assert.Equal("refused", missing.GetProperty("error").GetProperty("code").GetString());
        hub.Put("models/org/pickle", "adapter_config.json", "{}"u8.ToArray());
        hub.Put("models/org/pickle", "adapter_model.bin", [1]);
        var pickle = await Run("""{"rank": 2}""", """ "initialAdapter": "hf:org/pickle", """);
        Assert.Contains("never from a pickle", pickle.GetProperty("error").GetProperty("message").GetString());
    }

    private static async Task JobAsync(WorkingService service, TinyTask tiny, Method method, string more)
    {
        var request = $$$"""
            {"model": "file:{{{tiny.Model}}}", "dataset": "moods", "method": "{{{method}}}", "training": {"epochs": 1, "batchSize": 8},
             "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}}{{{more}}}}
            """;
        var job = await service.RunAsync(request);
        Assert.True(WorkingService.Status(job) == "succeeded", job.ToString());
        Assert.Equal(method.Name, job.GetProperty("method").GetString());
        var dropped = more.Contains("sharing");
        Assert.Equal(dropped ? 2 : 1, job.GetProperty("stages").GetArrayLength());
        Assert.Equal(dropped, job.GetProperty("links").TryGetProperty("importance", out _));

        var estimate = (await service.PostAsync("/jobs/estimate", request)).GetProperty("parameters");
        var trained = job.GetProperty("result").GetProperty("parameters").GetProperty("adapter").GetInt64();
        Assert.InRange(trained, estimate.GetProperty("least").GetInt64(), estimate.GetProperty("most").GetInt64());

        var id = job.GetProperty("id").GetString();
        var files = JsonDocument.Parse(await service.Http.GetStringAsync($"/jobs/{id}/artifacts")).RootElement.GetProperty("items")
            .EnumerateArray().Select(file => file.GetProperty("name").GetString()!).ToArray();
        Assert.Contains("adapter/adapter_compact.safetensors", files);
        Assert.Equal(method.Export is MethodExport.Peft or MethodExport.FoldedLora, files.Contains("adapter/adapter_config.json"));
        Assert.Contains(method.Title, await service.Http.GetStringAsync($"/jobs/{id}/artifacts/adapter/README.md"));

        var newest = JsonDocument.Parse(await service.Http.GetStringAsync("/v1/fine_tuning/jobs?limit=1")).RootElement;
        var openAi = newest.GetProperty("data")[0].GetProperty("method");
        Assert.Equal(method.Name, openAi.GetProperty("type").GetString());
        Assert.True(openAi.GetProperty(method.Name).TryGetProperty(method.Section, out _));
    }
}
