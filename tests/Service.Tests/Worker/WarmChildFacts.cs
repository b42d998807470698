using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using LoraDrop.Worker;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Service.Tests;

/// <summary>A child that has done a stage goes on with the next one that fits.</summary>
public sealed class WarmChildFacts : IDisposable
{
    private static readonly WorkerOptions Sleeping = new() { ChildCommand = ["/bin/sh", "-c", "exec sleep 600"] };

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Jobs_on_one_model_share_a_process_and_leave_the_bytes_of_jobs_that_do_not()
    {
        using var tiny = new TinyTask();
        string[] requests = [Request(tiny, "lora-drop", seed: 1), Request(tiny, "full", seed: 2), Request(tiny, "lora-drop", seed: 3)];
        var (cold, coldLog) = await AdaptersAsync(tiny, TimeSpan.Zero, requests);
        var (warm, warmLog) = await AdaptersAsync(tiny, TimeSpan.FromMinutes(10), requests);
        Assert.Equal((5, 0), (Started(coldLog).Count, GoneOn(coldLog).Count));
        var process = Assert.Single(Started(warmLog));
        Assert.Equal(Enumerable.Repeat(process, 4), GoneOn(warmLog));
        Assert.All(cold.Zip(warm), pair => Assert.True(pair.First.SequenceEqual(pair.Second)));
        await AssertEndsAsync(process); // with the worker
    }

    [Fact]
    public async Task A_child_whose_stage_did_not_end_well_ends_and_one_that_dies_while_it_waits_is_replaced_unnoticed()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync(worker => worker with { WarmFor = TimeSpan.FromMinutes(10) });
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        await service.RunAsync(Request(tiny, "lora", seed: 1));
        var first = Assert.Single(Started(service.Log()));
        using (var waiting = Process.GetProcessById(first)) waiting.Kill();
        var next = await service.RunAsync(Request(tiny, "lora", seed: 2));
        Assert.Equal(("succeeded", 1), (WorkingService.Status(next), next.GetProperty("stages")[0].GetProperty("attempt").GetInt32()));
        var second = Started(service.Log())[^1];
        Assert.NotEqual(first, second);

        var failed = await service.RunAsync(Request(tiny, "lora", seed: 3)
            .Replace("\"epochs\": 1,", "\"epochs\": 1, \"learningRate\": 1e30,"));
        Assert.Equal("failed", WorkingService.Status(failed));
        Assert.Equal([second], GoneOn(service.Log()));
        await AssertEndsAsync(second);
        Assert.Equal("succeeded", WorkingService.Status(await service.RunAsync(Request(tiny, "lora", seed: 4))));
        Assert.Equal(3, Started(service.Log()).Count);
    }

    [Fact]
    public async Task A_child_that_does_not_fit_ends_before_another_starts_on_its_device()
    {
        using var lifetime = new Lifetime();
        using var children = New(lifetime, TimeSpan.FromMinutes(10));
        var fit = new WarmFit("ann", "abc", null, Generates: false);
        var gpu = StageDevice.Gpu(0);
        foreach (var other in new[] { fit with { Owner = "bob" }, fit with { Model = "def" }, fit with { Weights = WeightKind.Nf4 },
            fit with { Generates = true } })
        {
            var child = Child();
            Assert.True(children.Keep(StageDevice.Cpu, fit, child));
            Assert.Null(await children.TakeAsync(gpu, fit)); // which leaves it alone
            Assert.True(IsAlive(child.Id));
            Assert.Null(await children.TakeAsync(StageDevice.Cpu, other));
            Assert.False(IsAlive(child.Id));
        }
        using var fitting = Child();
        Assert.True(children.Keep(gpu, fit, fitting));
        Assert.Same(fitting, await children.TakeAsync(gpu, fit));
        Assert.Null(await children.TakeAsync(gpu, fit));
        Assert.True(IsAlive(fitting.Id));
    }

    [Fact]
    public async Task A_child_waits_no_longer_than_the_setting_says_or_the_worker_works()
    {
        using var lifetime = new Lifetime();
        using var shortly = New(lifetime, TimeSpan.FromMilliseconds(50));
        using var children = New(lifetime, TimeSpan.FromMinutes(10));
        var fit = new WarmFit("ann", "abc", null, Generates: false);
        var (idle, left, late) = (Child(), Child(), Child());
        Assert.True(shortly.Keep(StageDevice.Cpu, fit, idle));
        await AssertEndsAsync(idle.Id);
        Assert.True(children.Keep(StageDevice.Cpu, fit, left));
        lifetime.Stop();
        await AssertEndsAsync(left.Id);
        using (late) Assert.False(children.Keep(StageDevice.Cpu, fit, late));
        using var off = New(lifetime, TimeSpan.Zero);
        using var unwanted = Child();
        Assert.False(off.Keep(StageDevice.Cpu, fit, unwanted));
    }

    private static WarmChildren New(Lifetime lifetime, TimeSpan warmFor) => new(Sleeping with { WarmFor = warmFor }, TimeProvider.System,
        lifetime.Application, NullLogger<WarmChildren>.Instance);

    private ChildProcess Child() =>
        ChildProcess.Start(new ChildWork.InspectDataset(new DataFiles("none.csv")), _folder.At($"{Guid.NewGuid():N}"), Sleeping);

    private static async Task<(IReadOnlyList<byte[]> Adapters, string Log)> AdaptersAsync(TinyTask tiny, TimeSpan warmFor,
        IReadOnlyList<string> requests)
    {
        await using var service = await WorkingService.StartAsync(worker => worker with { WarmFor = warmFor });
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var adapters = new List<byte[]>();
        foreach (var request in requests)
        {
            var job = await service.RunAsync(request);
            Assert.True(WorkingService.Status(job) == "succeeded", job.ToString());
            adapters.Add(await service.Http.GetByteArrayAsync(
                $"/jobs/{job.GetProperty("id").GetString()}/artifacts/adapter/{CompactAdapterFile}"));
        }
        return (adapters, service.Log());
    }

    private const string CompactAdapterFile = "adapter_compact.safetensors";

    private static string Request(TinyTask tiny, string method, int seed)
    {
        var settings = method switch
        {
            "full" => "",
            "lora" => """, "lora": {"rank": 2}""",
            _ => """, "lora": {"rank": 2, "dropout": 0.1}, "importance": {"sampleRatio": 0.5, "epochs": 1}, "sharing": {"keep": 1}""",
        };
        return $$$"""
            {"model": "file:{{{tiny.Model}}}", "dataset": "moods", "method": "{{{method}}}"{{{settings}}}, "task": {"kind": "classification",
             "columns": {"first": "text", "label": "mood"}}, "training": {"epochs": 1, "batchSize": 8, "seed": {{{seed}}}}}
            """;
    }

    private static List<int> Started(string log) => Processes(log, "Child process {ProcessId} started");

    private static List<int> GoneOn(string log) => Processes(log, "Child process {ProcessId} goes on with this stage");

    private static List<int> Processes(string log, string message) =>
        [.. log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("@mt").GetString() == message).Select(line => line.GetProperty("ProcessId").GetInt32())];

    private static async Task AssertEndsAsync(int process) =>
        await Eventually.UntilAsync(() => Task.FromResult(IsAlive(process)), alive => !alive, () => $"process {process} lives on");

    private static bool IsAlive(int process) => Directory.Exists($"/proc/{process}");

    private sealed class Lifetime : IDisposable
    {
        public ApplicationLifetime Application { get; } = new(NullLogger<ApplicationLifetime>.Instance);

        public void Stop() => Application.StopApplication();

        public void Dispose() => Stop();
    }
}
