using System.Text.Json;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>Files as people have them, through the real service: what an upload says of them is what a job on them does.</summary>
public sealed class CaseFilesFacts
{
    [Fact]
    public async Task An_upload_says_of_a_file_what_training_makes_of_it()
    {
        await using var service = await WorkingService.StartAsync();
        async Task<JsonElement> SplitAsync(string name, params string[] file)
        {
            var dataset = await service.UploadAsync(name, $"train{file[^1][file[^1].IndexOf('.')..]}", Case(file));
            Assert.True(WorkingService.Status(dataset) == "ready", dataset.ToString());
            return dataset.GetProperty("splits")[0];
        }

        Assert.Equal("24 True Unnamed: 0 text label / Unnamed: 0", Shown(await SplitAsync("index", "index-column", "index-column.csv")));
        Assert.Equal("24 True text label meta / meta", Shown(await SplitAsync("objects", "unused-columns", "meta-object.jsonl")));
        Assert.Equal("24 True text label spans / spans", Shown(await SplitAsync("lists", "unused-columns", "meta-list.jsonl")));
        Assert.Equal("24 True text label note / ", Shown(await SplitAsync("optional", "unused-columns", "optional-key.jsonl")));
        Assert.Equal("40 True text label / ", Shown(await SplitAsync("flags", "boolean-labels", "label-bool.parquet")));
        Assert.Equal("60 True text label extra / ", Shown(await SplitAsync("bytes", "parquet", "TINYINT-V2.parquet")));
        Assert.Equal("60 True text label note / note", Shown(await SplitAsync("nulls", "parquet", "v2-zero-snappy-nodict.parquet")));
        Assert.Equal("20 True text label source / ", Shown(await SplitAsync("talks", "parquet", "conversations.parquet")));

        foreach (var cut in (string[])["half-label-first.csv.gz", "half-label-first.tsv.gz", "cut-at-row.csv.gz", "cut-trailer.csv.gz"])
        {
            var dataset = await service.UploadAsync(cut, $"train{cut[cut.IndexOf('.')..]}", Case("cut-gzip", cut));
            Assert.Equal("failed", WorkingService.Status(dataset));
            Assert.Contains("cut off", dataset.GetProperty("error").GetProperty("faults")[0].GetProperty("message").GetString());
        }

        using var tiny = new TinyTask();
        foreach (var trained in (string[])["index", "objects", "flags", "bytes"])
        {
            var job = await service.RunAsync($$$"""
                {"model": "file:{{{tiny.Model}}}", "dataset": "{{{trained}}}", "method": "lora", "task": {"kind": "classification", "columns": {"first": "text", "label": "label"}}, "lora": {"rank": 2},
                 "training": {"epochs": 1, "batchSize": 8}}
                """);
            Assert.True(WorkingService.Status(job) == "succeeded", job.ToString());
        }
    }

    private static string Shown(JsonElement split) =>
        $"{split.GetProperty("rows")} {split.GetProperty("header").GetBoolean()} "
            + $"{string.Join(' ', split.GetProperty("columns").EnumerateArray().Select(column => column.GetProperty("name").GetString()))} "
            + "/ "
        + string.Join(' ', split.GetProperty("notUsed").EnumerateArray().Select(name => name.GetString()));

    private static byte[] Case(params string[] parts) => File.ReadAllBytes(Path.Combine([AppContext.BaseDirectory, "Cases", .. parts]));
}
