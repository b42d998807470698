using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

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
