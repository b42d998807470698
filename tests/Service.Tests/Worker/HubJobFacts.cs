using System.Text.Json;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>A job whose user typed no more than where model and data are on the hub.</summary>
public sealed class HubJobFacts
{
    private const string Request = """
        {"model": "hf:org/model", "dataset": "hf:org/data", "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}},
         "lora": {"rank": 2}, "importance": {"sampleRatio": 0.2, "epochs": 3}, "sharing": {"keep": 1}, "training": {"epochs": 1, "batchSize": 8}}
        """;

    [Fact]
    public async Task It_is_fetched_trained_on_and_named_in_the_adapter()
    {
        using var tiny = new TinyTask();
        await using var hub = await LocalHub.StartAsync();
        Publish(hub, tiny);
        await using var service = await WorkingService.StartAsync(hub: options => options with { Endpoint = hub.Endpoint });
        var job = await service.RunAsync(Request);
        Assert.True(WorkingService.Status(job) == "succeeded", job.ToString());
        Assert.Equal(64, job.GetProperty("model").GetProperty("sha256").GetString()!.Length);
        var config =
            JsonDocument.Parse(await service.Http.GetStringAsync(
                $"/jobs/{job.GetProperty("id").GetString()}/artifacts/adapter/adapter_config.json")).RootElement;
        Assert.Equal("org/model", config.GetProperty("base_model_name_or_path").GetString());

        var before = hub.BytesOfFiles;
        Assert.Equal("succeeded", WorkingService.Status(await service.RunAsync(Request.Replace("\"keep\": 1", "\"keep\": 3"))));
        Assert.Equal(before, hub.BytesOfFiles);
    }

    [Fact]
    public async Task Where_the_hub_does_not_answer_the_job_fails_with_that_reason_and_a_retry_asks_again()
    {
        using var tiny = new TinyTask();
        var hub = await LocalHub.StartAsync();
        Publish(hub, tiny);
        var endpoint = "http://127.0.0.1:9";
        await using var service = await WorkingService.StartAsync(hub: options => options with { Endpoint = endpoint, Attempts = 1 });
        var job = await service.RunAsync(Request);
        var error = job.GetProperty("error");
        Assert.Contains(error.GetProperty("code").GetString(), (string[])["model_failed", "dataset_failed"]);
        Assert.Contains(endpoint, error.GetProperty("message").GetString());
        var id = job.GetProperty("id").GetString();
        await service.PostAsync($"/jobs/{id}/retry", "");
        await service.WaitForAsync($"/jobs/{id}", j => WorkingService.Status(j) == "failed");
        await hub.DisposeAsync();
    }

    private static void Publish(LocalHub hub, TinyTask tiny)
    {
        foreach (var file in Directory.EnumerateFiles(tiny.Model))
            hub.Put("models/org/model", Path.GetFileName(file), File.ReadAllBytes(file), large: file.EndsWith(".safetensors"));
        hub.Put("datasets/org/data", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        hub.Put("datasets/org/data", "validation.tsv", File.ReadAllBytes(tiny.Files.Validation!));
    }
}
