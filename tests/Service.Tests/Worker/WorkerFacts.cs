using System.Text.Json;
using LoraDrop.Engine.Tests;
using ParquetSharp;
using Encoding = System.Text.Encoding;

namespace LoraDrop.Service.Tests;

/// <summary>What the worker does with inputs that are not as they should be.</summary>
public sealed class WorkerFacts
{
    private static string Request(TinyTask tiny, string more = "") => $$$"""
        {"model": "file:{{{tiny.Model}}}", "dataset": "moods", "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}},
         "lora": {"rank": 2}, "importance": {"sampleRatio": 0.2, "epochs": 3}, "sharing": {"keep": 1}, "training": {"epochs": 1, "batchSize": 8}{{{more}}}}
        """;

    [Fact]
    public async Task A_dataset_that_is_no_text_fails_with_file_and_place()
    {
        await using var service = await WorkingService.StartAsync();
        var dataset = await service.UploadAsync("latin", "train.tsv", [.. "text\tlabel\ncaf"u8, 0xE9, .. "\tgood\n"u8]);
        Assert.Equal(("failed", "refused"), (WorkingService.Status(dataset), dataset.GetProperty("error").GetProperty("code").GetString()));
        var fault = dataset.GetProperty("error").GetProperty("faults")[0].ToString();
        Assert.Contains("train.tsv", fault);
        Assert.Contains("UTF-8", fault);
    }

    [Fact]
    public async Task A_reader_that_never_ends_is_stopped_and_the_service_goes_on()
    {
        await using var service = await WorkingService.StartAsync(worker =>
            worker with { ChildCommand = ["/bin/sh", "-c", "exec sleep 600"], InspectionTime = TimeSpan.FromSeconds(1) });
        var dataset = await service.UploadAsync("endless", "train.parquet", [1, 2, 3]);
        Assert.Equal("timed_out", dataset.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("failed", WorkingService.Status(await service.UploadAsync("next", "train.parquet", [1, 2, 3])));
    }

    [Fact]
    public async Task A_reader_that_needs_too_much_memory_is_stopped_and_says_so()
    {
        await using var service = await WorkingService.StartAsync(worker => worker with { InspectionMemory = 24 << 20 });
        var dataset = await service.UploadAsync("large", "train.tsv",
            Encoding.UTF8.GetBytes($"text\tlabel\n{new string('x', 40 << 20)}\tgood\n")); // rows are read one by one, and this is one
        Assert.Equal("failed", WorkingService.Status(dataset));
        Assert.Contains("MiB", dataset.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task So_is_a_native_library_that_does()
    {
        await using var service = await WorkingService.StartAsync(worker => worker with { InspectionMemory = 16 << 20 });
        var file = new MemoryStream();
        using (var writer = new ParquetFileWriter(file, [new Column<string>("text")], logicalTypeFactory: null, Compression.Zstd,
            keyValueMetadata: null, leaveOpen: true))
        {
            using var group = writer.AppendRowGroup();
            // packed to a few kilobytes
            using (var column = group.NextColumn().LogicalWriter<string>()) column.WriteBatch([new string('x', 400 << 20)]);
            writer.Close();
        }
        var dataset = await service.UploadAsync("large", "train.parquet", file.ToArray());
        Assert.Equal("failed", WorkingService.Status(dataset));
        Assert.Contains("needs more than the allowed 16 MiB of memory", dataset.GetProperty("error").ToString());
    }

    [Fact]
    public async Task A_job_that_was_handed_in_before_its_dataset_was_validated_starts_when_it_is()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        using var form = new MultipartFormDataContent { { new StringContent("moods"), "name" },
            { new ByteArrayContent(File.ReadAllBytes(tiny.Files.Train)), "train", "train.tsv" } };
        Assert.True((await service.Http.PostAsync("/datasets", form)).IsSuccessStatusCode);
        var job = await service.RunAsync(Request(tiny));
        Assert.True(WorkingService.Status(job) == "succeeded", job.ToString());
    }

    [Fact]
    public async Task What_only_the_run_can_know_fails_the_job_with_code_and_faults()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var job = await service.RunAsync(Request(tiny, """, "labels": {"why": "the rank"}""").Replace("\"rank\": 2", "\"rank\": 4000"));
        Assert.Equal(("failed", "refused"), (WorkingService.Status(job), job.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("lora.rank", job.GetProperty("error").GetProperty("faults").ToString());
    }

    [Fact]
    public async Task A_dataset_that_changed_on_the_disk_fails_the_job()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var stored = Directory.EnumerateFiles(Path.Combine(service.DataFolder, "objects", "datasets"), "*", SearchOption.AllDirectories)
            .Single();
        File.AppendAllText(stored, "more\tgood\t1\n");
        var job = await service.RunAsync(Request(tiny));
        Assert.Equal(("failed", "storage"), (WorkingService.Status(job), job.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("damaged", job.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Importance_of_a_job_that_was_deleted_meanwhile_is_not_measured_behind_the_user_s_back()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var measured = (await service.RunAsync(Request(tiny))).GetProperty("id").GetString()!;
        // holds the only slot meanwhile
        var ahead = await service.PostAsync("/jobs", Request(tiny).Replace("\"epochs\": 1,", "\"epochs\": 100000,"));
        var job = await service.PostAsync("/jobs", Request(tiny).Replace("\"epochs\": 3}", $"\"epochs\": 3, \"from\": \"{measured}\"}}"));
        Assert.True((await service.Http.DeleteAsync($"/jobs/{measured}")).IsSuccessStatusCode);
        await service.PostAsync($"/jobs/{ahead.GetProperty("id").GetString()}/cancel", "");
        var ended = await service.WaitForAsync($"/jobs/{job.GetProperty("id").GetString()}", j => WorkingService.Status(j) is "succeeded"
            or "failed");
        Assert.Equal(("failed", "refused"), (WorkingService.Status(ended), ended.GetProperty("error").GetProperty("code").GetString()));
        var fault = ended.GetProperty("error").GetProperty("faults")[0];
        Assert.Equal("importance.from", fault.GetProperty("path").GetString());
        Assert.StartsWith($"job {measured} was deleted", fault.GetProperty("message").GetString());
    }

    [Fact]
    public async Task The_log_has_job_and_stage_on_each_line_of_a_stage()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var id = (await service.RunAsync(Request(tiny))).GetProperty("id").GetString();
        var lines = service.Log().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("JobId", out var job) && job.GetString() == id
            && line.GetProperty("SourceContext").GetString()!.StartsWith("LoraDrop.Worker.Stage", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count >= 8, $"{lines.Count} lines");
        Assert.Equal(["importance-evaluation", "task-adaptation"], lines.Select(line => line.GetProperty("Stage").GetString()!).Distinct());
    }
}
