using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;

namespace LoraDrop.Cli.Tests;

/// <summary>What a service that is killed owes to its jobs.</summary>
public sealed class SurvivalFacts : IDisposable
{
    private const string Weights = "adapter/adapter_model.safetensors", Config = "adapter/adapter_config.json";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly RunningService _service = new();

    public SurvivalFacts() => _service.Prepare();

    [Fact]
    public void Jobs_end_with_the_bytes_of_an_undisturbed_run_however_often_the_service_is_killed()
    {
        string[] Settings(int seed) => ["--epochs", "60", "--evaluate-every", "10", "--seed", $"{seed}", "--keep", $"{1 + seed % 2}"];
        var jobs = Enumerable.Range(0, 5).ToDictionary(seed => seed, seed => _service.Submitted(Settings(seed)));
        for (var kill = 0; kill < 4; kill++)
        {
            Thread.Sleep(700 + 400 * kill);
            _service.Kill();
            _service.StartAgain();
        }
        foreach (var (seed, id) in jobs)
        {
            Assert.Equal("succeeded", WaitFor(id, IsEnded).Text("status"));
            var undisturbed = _service.Tiny.New("undisturbed");
            Loradrop.Run(_service.Tiny.Command("train", undisturbed,
                ["--model", _service.Tiny.Model, "--data", Path.GetDirectoryName(_service.Tiny.Train)!, .. Settings(seed)])).Well();
            var stored = ArtifactsOf(id);
            foreach (var file in new[] { Weights, Config }) Assert.Equal(Sha256(Path.Combine(undisturbed, file)), stored[file]);
        }
    }

    [Fact]
    public void A_child_that_a_native_library_ends_is_tried_again_twice_then_fails_its_job_the_next_job_runs_and_a_retry_goes_on()
    {
        var (first, second) = (_service.Submitted(Long), _service.Submitted("--seed", "9", "--priority", "low"));
        WaitFor(first, job => Step(job) > 120); // an evaluation, and with it a checkpoint, lies behind it
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            WaitFor(first, job => job.GetProperty("stages").EnumerateArray().Last() is var stage && stage.Text("status") == "running"
                && stage.GetProperty("attempt").GetInt32() == attempt && _service.Children().Count > 0);
            var child = _service.Children().Single();
            for (; _service.Children().Contains(child); Thread.Sleep(100)) // the runtime may swallow the first
            {
                using var kill = Process.Start("kill", ["-ABRT", $"{child}"]);
                kill.WaitForExit();
            }
        }
        var failed = WaitFor(first, IsEnded);
        Assert.Equal(("failed", "killed"), (failed.Text("status"), failed.GetProperty("error").Text("code")));
        Assert.Contains("signal 6 (SIGABRT)", failed.GetProperty("error").Text("message"));
        Assert.Equal((3, 2), (failed.GetProperty("stages").EnumerateArray().Last().GetProperty("attempt").GetInt32(),
            failed.GetProperty("stages").EnumerateArray().Last().GetProperty("failures").GetInt32()));
        Assert.Equal("succeeded", WaitFor(second, IsEnded).Text("status"));

        _service.Run("jobs", "retry", first).Well();
        WaitFor(first, job => job.Text("status") == "running" && Step(job) > 0);
        WaitFor(first, _ => Events(first).Contains("resumed")); // the step is there before the event is
        _service.Run("jobs", "cancel", first).Well();
        Assert.Equal("cancelled", WaitFor(first, IsEnded).Text("status"));
    }

    [Fact]
    public void A_child_that_somebody_kills_is_an_interruption_and_the_stage_goes_on()
    {
        var id = _service.Submitted(Long);
        WaitFor(id, job => Step(job) > 120);
        using (var kill = Process.Start("kill", ["-KILL", $"{_service.Children().Single()}"])) kill.WaitForExit();
        var again = WaitFor(id, job => job.GetProperty("stages").EnumerateArray().Last() is var stage
            && stage.GetProperty("attempt").GetInt32() == 2 && Step(job) > 0);
        Assert.Equal((1, 0), (again.GetProperty("stages").EnumerateArray().Last().GetProperty("interruptions").GetInt32(),
            again.GetProperty("stages").EnumerateArray().Last().GetProperty("failures").GetInt32()));
        WaitFor(id, _ => Events(id).Contains("resumed")); // the step is there before the event is
        _service.Run("jobs", "cancel", id).Well();
        WaitFor(id, IsEnded);
    }

    [Fact]
    public void A_service_that_is_told_to_end_saves_and_ends_in_time_and_the_job_goes_on_at_the_next_start()
    {
        var id = _service.Submitted(Long);
        WaitFor(id, job => Step(job) > 20);
        var (took, exitCode) = _service.Terminate();
        Assert.True(took < TimeSpan.FromSeconds(15), $"took {took}");
        Assert.Equal(0, exitCode);
        Assert.Empty(_service.Children());
        _service.StartAgain();
        WaitFor(id, job => job.Text("status") == "running" && Step(job) > 0);
        WaitFor(id, _ => Events(id).Contains("resumed")); // the step is there before the event is
        _service.Run("jobs", "cancel", id).Well();
        WaitFor(id, IsEnded);
    }

    [Fact]
    public void A_killed_service_takes_its_children_along()
    {
        var id = _service.Submitted(Long);
        WaitFor(id, job => Step(job) > 0);
        var child = Assert.Single(_service.Children());
        _service.Kill();
        Assert.True(SpinWait.SpinUntil(() => !_service.Children().Contains(child), TimeSpan.FromMinutes(5)), "the child lives on");
        _service.StartAgain();
    }

    [Fact]
    public void Another_threshold_costs_no_second_evaluation()
    {
        int Kept(JsonElement job) => job.GetProperty("result").GetProperty("kept").EnumerateObject().First().Value.GetArrayLength();
        var first = _service.Submitted("--seed", "5", "--keep", "1");
        Assert.Equal(1, Kept(WaitFor(first, IsEnded)));
        var second = WaitFor(_service.Submitted("--seed", "5", "--threshold", "1"), IsEnded);
        Assert.Equal(first, second.GetProperty("stages")[0].Text("reusedFrom"));
        Assert.Equal(3, Kept(second));
        var named = WaitFor(_service.Submitted("--seed", "6", "--importance-from", first), IsEnded);
        Assert.Equal(("succeeded", first), (named.Text("status"), named.GetProperty("stages")[0].Text("reusedFrom")));
    }

    [Fact]
    public void A_model_that_changes_under_a_queued_job_fails_it()
    {
        var (ahead, id) = (_service.Submitted(Long), _service.Submitted("--seed", "3"));
        WaitFor(ahead, job => Step(job) > 0);
        File.AppendAllText(Path.Combine(_service.Tiny.Model, "config.json"), " ");
        _service.Run("jobs", "cancel", ahead).Well();
        var failed = WaitFor(id, IsEnded);
        Assert.Equal(("failed", "model_changed"), (failed.Text("status"), failed.GetProperty("error").Text("code")));
    }

    [Fact]
    public void A_second_service_on_the_same_data_and_one_on_a_taken_port_say_why_they_do_not_start()
    {
        var second = Loradrop.Run("serve", "--port", "0", "--data", _service.Data);
        Assert.Equal((ExitCode.Usage, ""), (second.Code, second.Output));
        Assert.Contains("another service is working in", second.Error);
        var port = new Uri(_service.Url).Port;
        var taken = Loradrop.Run("serve", "--port", $"{port}", "--data", _service.Tiny.New("other"));
        Assert.Equal((ExitCode.Usage, ""), (taken.Code, taken.Output));
        Assert.Contains($"{port} is in use", taken.Error);
    }

    public void Dispose() => _service.Dispose();

    private static string[] Long => ["--epochs", "20000", "--evaluate-every", "100"];

    private static bool IsEnded(JsonElement job) => job.Text("status") is "succeeded" or "failed" or "cancelled";

    private static int Step(JsonElement job) => job.GetProperty("stages").EnumerateArray().Last().GetProperty("step").GetInt32();

    private JsonElement WaitFor(string id, Func<JsonElement, bool> reached)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var job = Get($"/jobs/{id}");
            if (reached(job)) return job;
            Assert.False(IsEnded(job), $"ended as {job}");
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"still {job}");
            Thread.Sleep(100);
        }
    }

    private string[] Events(string id) => [.. _service.Run("jobs", "events", id).Well().Events.Select(e => e.Text("type"))];

    private Dictionary<string, string> ArtifactsOf(string id) =>
        Get($"/jobs/{id}/artifacts").GetProperty("items").EnumerateArray().ToDictionary(a => a.Text("name"), a => a.Text("sha256"));

    private JsonElement Get(string path)
    {
        using var http = new HttpClient();
        using var answer = http.Send(new(HttpMethod.Get, _service.Url + path));
        return JsonDocument.Parse(answer.EnsureSuccessStatusCode().Content.ReadAsStream()).RootElement;
    }

    private static string Sha256(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
}
