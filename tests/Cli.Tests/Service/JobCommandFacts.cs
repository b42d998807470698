using System.Diagnostics;
using System.Security.Cryptography;

namespace LoraDrop.Cli.Tests;

public sealed class JobCommandFacts(ServedJob job) : IClassFixture<ServedJob>
{
    private readonly RunningService _service = job.Service;

    [Fact]
    public void Submit_with_watch_tells_everything_to_the_end()
    {
        var kinds = job.Ended.Well().Kinds();
        Assert.Equal("submitted", kinds[0]);
        Assert.All(["progress", "stage-started", "importance-measured", "evaluated", "stage-succeeded", "succeeded"],
            kind => Assert.Contains(kind, kinds));
        Assert.Equal(["end", "job"], kinds[^2..]);
        Assert.Equal("succeeded", job.Ended.Events[^1].GetProperty("data").Text("status"));
        Assert.Equal("first", job.Ended.Events[^1].GetProperty("data").Text("name"));
    }

    [Fact]
    public void An_ended_job_can_be_watched_as_if_it_went_on() =>
    Assert.Equal(job.Ended.Ids(), _service.Run("jobs", "watch", job.Id).Well().Ids());

    [Fact]
    public void A_person_sees_stages_scores_and_the_sum()
    {
        var shown = _service.Show("jobs", "watch", job.Id).Well().Output;
        Assert.All(["Importance evaluation  2 steps over", "Task adaptation  10 steps over", "accuracy=", "best at step",
            "LoRA would train", $"loradrop jobs download {job.Id}"], words => Assert.Contains(words, shown));
        Assert.DoesNotContain('\e', shown);
    }

    [Fact]
    public void A_list_is_filtered()
    {
        Assert.Contains(_service.Run("jobs", "list", "--status", "succeeded").Well().Events, e => e.Text("id") == job.Id);
        Assert.Empty(_service.Run("jobs", "list", "--status", "failed", "--label", "team=search").Well().Events);
        Assert.Contains(job.Id, _service.Show("jobs", "list", "--status", "succeeded").Well().Output);
        _service.Run("jobs", "list", "--status", "done").Complained(ExitCode.Usage, "status: must be one of");
    }

    [Fact]
    public void Submit_says_when_and_where_a_job_is_to_run()
    {
        var submitted =
            Assert.Single(_service.Run(_service.Submit("--priority", "low", "--worker-label", "gpu=H100", "--worker-label", "note=a=b",
                "--worker-memory", "0.5")).Well().Events);
        _service.Run("jobs", "cancel", submitted.Text("id"));
        var settings = submitted.GetProperty("settings");
        Assert.Equal("low", settings.Text("priority"));
        Assert.Equal("""{"labels":{"gpu":"H100","note":"a=b"},"memoryGiB":0.5}""", settings.GetProperty("worker").GetRawText());
    }

    [Fact]
    public void What_a_worker_cannot_be_is_refused()
    {
        _service.Run(_service.Submit("--priority", "urgent", "--worker-memory", "much"))
            .Complained(ExitCode.Usage, "priority: must be one of high, default, low", "worker.memoryGiB: must be a finite number");
        Assert.Contains("--worker-label must be a name and a value: gpu=H100; got 'H100'",
            _service.Run(_service.Submit("--worker-label", "H100")).Error);
        Assert.Contains("--worker-label has gpu more than once",
            _service.Run(_service.Submit("--worker-label", "gpu=H100", "--worker-label", "gpu=A100")).Error);
    }

    [Fact]
    public void An_estimate_tells_what_a_job_would_take_and_submits_nothing()
    {
        var before = _service.Run("jobs", "list", "--all").Well().Events.Length;
        var estimate = Assert.Single(_service.Run(Estimate()).Well().Events);
        Assert.Contains(estimate.GetProperty("parameters").GetProperty("kept").Text("from"),
            _service.Run("jobs", "list", "--all").Well().Events.Select(e => e.Text("id")));
        Assert.All(estimate.GetProperty("stages").EnumerateArray(), stage => Assert.True(stage.GetProperty("seconds").GetDouble() > 0));
        var shown = _service.Show(Estimate()).Well().Output;
        Assert.All(["Importance evaluation", "Task adaptation", "adapter parameters by the importance of job", "tokens/s, the median of",
            "place in the queue: 1", "could take it"], words => Assert.Contains(words,
            string.Join(' ', shown.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))));
        Assert.Contains("training.epochs: must be at least 1; got 0", _service.Show(Estimate("--epochs", "0")).Output);
        Assert.Equal(before, _service.Run("jobs", "list", "--all").Well().Events.Length);
    }

    private string[] Estimate(params string[] more) => ["jobs", "estimate", .. _service.Submit(more)[2..]];

    [Fact]
    public void A_clone_takes_over_what_is_not_said_anew()
    {
        var clone = Assert.Single(_service.Run("jobs", "clone", job.Id, "--threshold", "0.5", "--name", "second").Well().Events);
        _service.Run("jobs", "cancel", clone.Text("id"));
        Assert.Equal((job.Id, "second", 0.5), (clone.Text("clonedFrom"), clone.Text("name"),
            clone.GetProperty("settings").GetProperty("sharing").GetProperty("threshold").GetDouble()));
        Assert.False(clone.GetProperty("settings").GetProperty("sharing").TryGetProperty("keep", out _)); // which the first one said
        Assert.Equal(0.01, clone.GetProperty("settings").GetProperty("training").GetProperty("learningRate").GetDouble());
        var lora = Assert.Single(_service.Run("jobs", "clone", job.Id, "--method", "lora").Well().Events);
        _service.Run("jobs", "cancel", lora.Text("id"));
        Assert.Equal("lora", lora.Text("method"));
        _service.Run("jobs", "clone", job.Id, "--rank", "0").Complained(ExitCode.Usage, "lora.rank: must be at least 1");
    }

    [Fact]
    public void A_list_goes_on_over_its_parts()
    {
        string[] ids = [_service.Submitted("--importance-from", job.Id, "--seed", "5"),
            _service.Submitted("--importance-from", job.Id, "--seed", "6")];
        Assert.Single(_service.Run("jobs", "list", "--limit", "1").Well().Events);
        var all = _service.Run("jobs", "list", "--all").Well().Events.Select(e => e.Text("id")).ToArray();
        Assert.All(ids, id => Assert.Contains(id, all));
        Assert.Equal(all.Distinct().Order().Reverse(), all);
        foreach (var id in ids) _service.Run("jobs", "watch", id).Well();
    }

    [Fact]
    public void A_job_s_page_has_everything()
    {
        Assert.Equal(job.Id, Assert.Single(_service.Run("jobs", "get", job.Id).Well().Events).Text("id"));
        var page = _service.Show("jobs", "get", job.Id).Well().Output;
        Assert.DoesNotContain("null", page);
        Assert.All([job.Id, "succeeded", "tiny", "moods", "sha256", "best at step", "\"learningRate\": 0.01"],
            words => Assert.Contains(words, page));
    }

    [Fact]
    public void Another_threshold_keeps_more_without_training()
    {
        var own = Assert.Single(_service.Run("jobs", "importance", job.Id).Well().Events);
        var cut = Assert.Single(_service.Run("jobs", "importance", job.Id, "--threshold", "1").Well().Events);
        Assert.Equal([1, 3], new[] { own, cut }.Select(i => i.GetProperty("modules")[0].GetProperty("kept").GetArrayLength()));
        Assert.Equal([false, true], new[] { own, cut }.Select(i => i.GetProperty("whatIf").GetBoolean()));
        var shown = _service.Show("jobs", "importance", job.Id, "--threshold", "1").Well().Output;
        Assert.All(["3 of 3 layers keep their own LoRA", "what if T = 1: ", "the job itself, 1 layers of each type: ", "of LoRA's"],
            words => Assert.Contains(words, shown));
        _service.Run("jobs", "importance", job.Id, "--threshold", "2").Complained(ExitCode.Usage, "threshold: must lie in (0, 1]");
    }

    [Fact]
    public void Events_can_be_read_by_level()
    {
        Assert.Equal(job.Ended.Ids(), _service.Run("jobs", "events", job.Id).Well().Events.Select(e => e.GetProperty("id").GetInt64()));
        Assert.Empty(_service.Run("jobs", "events", job.Id, "--level", "error").Well().Events);
    }

    [Fact]
    public void Files_arrive_as_their_sha256_says_and_are_left_alone_then()
    {
        var folder = _service.Tiny.New("files");
        var first = _service.Run("jobs", "download", job.Id, "--out", folder).Well().Events;
        Assert.Contains("adapter/adapter_model.safetensors", first.Select(e => e.Text("name")));
        Assert.All(first,
            e => Assert.Equal(e.Text("sha256"), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(e.Text("path"))))));
        Assert.All(_service.Run("jobs", "download", job.Id, "--out", folder).Well().Events,
            e => Assert.False(e.GetProperty("new").GetBoolean()));
        Assert.Empty(Directory.EnumerateFiles(folder, "*.part", SearchOption.AllDirectories));
    }

    [Fact]
    public void Another_file_of_that_name_is_replaced_only_by_force()
    {
        var folder = _service.Tiny.New("files");
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, "result.json");
        File.WriteAllText(file, "mine");
        _service.Run("jobs", "download", job.Id, "result.json", "importance.json", "--out", folder)
            .Complained(ExitCode.Usage, file, "--force");
        Assert.Equal([file], Directory.EnumerateFiles(folder));
        Assert.Equal("mine", File.ReadAllText(file));
        _service.Run("jobs", "download", job.Id, "result.json", "--out", folder, "--force").Well();
        Assert.Contains("\"method\"", File.ReadAllText(file));
    }

    [Fact]
    public void A_part_is_gone_on_from_and_checked_as_a_whole()
    {
        var folder = _service.Tiny.New("files");
        string[] command = ["jobs", "download", job.Id, "adapter", "--out", folder];
        _service.Run(command).Well();
        var file = Path.Combine(folder, "adapter", "adapter_model.safetensors");
        var whole = File.ReadAllBytes(file);
        File.Delete(file);
        File.WriteAllBytes(file + ".part", whole[..(whole.Length / 2)]);
        _service.Run(command).Well();
        Assert.Equal(whole, File.ReadAllBytes(file));

        File.Delete(file);
        // shows that the part is used, and that nothing wrong stays
        File.WriteAllBytes(file + ".part", [(byte)~whole[0], .. whole[1..(whole.Length / 2)]]);
        _service.Run(command).Complained(ExitCode.Storage, "another sha256");
        Assert.False(File.Exists(file + ".part") || File.Exists(file));
        _service.Run(command).Well();
    }

    [Fact]
    public void A_file_that_the_job_has_not_is_refused_with_those_it_has() =>
        _service.Run("jobs", "download", job.Id, "adapters", "--out", _service.Tiny.New())
            .Complained(ExitCode.Usage, "adapters: no such file", "adapter/adapter_config.json");

    [Fact]
    public void A_job_is_cancelled_retried_and_deleted()
    {
        var id = _service.Submitted("--epochs", "20000", "--evaluate-every", "500");
        _service.Run("jobs", "delete", id).Complained(ExitCode.Usage, "job_active", "Cancel it first");
        _service.Run("jobs", "cancel", id).Well();
        var watched = _service.Run("jobs", "watch", id);
        Assert.Equal((ExitCode.Cancelled, ""), (watched.Code, watched.Error));
        _service.Run("jobs", "retry", id).Well();
        _service.Run("jobs", "cancel", id).Well();
        Assert.Equal(ExitCode.Cancelled, _service.Show("jobs", "watch", id).Code);
        Assert.Contains($"jobs restore {id}", _service.Show("jobs", "delete", id).Well().Output);
        Assert.Equal(id, Assert.Single(_service.Run("jobs", "list", "--deleted").Well().Events).Text("id"));
        Assert.Equal("restored", _service.Show("jobs", "restore", id).Well().Output.TrimEnd());
        Assert.Equal("deleted, with its files", _service.Show("jobs", "delete", id, "--purge").Well().Output.TrimEnd());
        _service.Run("jobs", "get", id).Complained(ExitCode.Usage, "job_not_found", id);
        _service.Run("jobs", "cancel", job.Id).Complained(ExitCode.Usage, "job_ended");
    }

    [Fact]
    public void A_job_is_paused_and_goes_on_when_it_is_resumed()
    {
        var id = _service.Submitted("--epochs", "20000", "--evaluate-every", "500");
        Assert.Contains("pause", _service.Run("jobs", "pause", id).Well().Output);
        WaitFor(id, "paused");
        Assert.Contains(id, _service.Run("jobs", "list", "--status", "paused").Well().Output);
        Assert.Equal("paused", _service.Show("jobs", "pause", id).Well().Output.TrimEnd());
        Assert.Equal("resumed", _service.Show("jobs", "resume", id).Well().Output.TrimEnd());
        _service.Run("jobs", "resume", id).Complained(ExitCode.Usage, "job_not_paused");
        WaitFor(id, "running");
        _service.Run("jobs", "cancel", id).Well();
        Assert.Equal(ExitCode.Cancelled, _service.Run("jobs", "watch", id).Code);
        _service.Run("jobs", "pause", id).Complained(ExitCode.Usage, "job_ended");
    }

    [Fact]
    public void A_loss_that_is_no_number_has_its_own_exit_code() =>
        _service.Run([.. _service.Submit("--learning-rate", "1e30", "--importance-from", job.Id, "--evaluate-every", "1"), "--watch"])
            .Complained(ExitCode.Diverged, "training.learningRate");

    [Fact]
    public void All_faults_of_a_request_come_with_their_paths() =>
        _service.Run(_service.Submit("--threshold", "3", "--rank", "0"))
            .Complained(ExitCode.Usage, "sharing.threshold: must lie in (0, 1]; got 3", "lora.rank: must be at least 1; got 0");

    [Fact]
    public void A_path_is_spelled_out_for_the_service()
    {
        var submitted = _service.Run("jobs", "submit", "--settings", _service.Tiny.Settings, "--model", _service.Tiny.Model,
            "--importance-from", job.Id).Well().Events[0];
        Assert.Equal($"file:{_service.Tiny.Model}", submitted.GetProperty("settings").Text("model"));
        _service.Run("jobs", "watch", submitted.Text("id")).Well();
    }

    [Fact]
    public void Who_stops_watching_leaves_the_job_alone()
    {
        var id = _service.Submitted("--epochs", "20000", "--evaluate-every", "500");
        var stopped = Loradrop.Interrupt("INT", e => e.TryGetProperty("event", out var kind) && kind.GetString() == "stage-started", "jobs",
            "watch", id, "--json", "--url", _service.Url);
        stopped.Complained(ExitCode.Stopped, "the job continues", $"loradrop jobs watch {id}");
        Assert.Equal("running", Assert.Single(_service.Run("jobs", "get", id).Well().Events).Text("status"));
        _service.Run("jobs", "cancel", id).Well();
        Assert.Equal(ExitCode.Cancelled, _service.Run("jobs", "watch", id).Code);
    }

    [Fact]
    public void Workers_and_presets_are_listed()
    {
        Assert.Equal("cpu", Assert.Single(_service.Run("workers").Well().Events).Text("device"));
        Assert.Contains("glue/rte", _service.Show("presets").Well().Output);
        Assert.Contains("tied-lora", _service.Show("methods").Well().Output);
    }

    private void WaitFor(string id, string status)
    {
        for (var began = Stopwatch.GetTimestamp(); _service.Run("jobs", "get", id).Events[0].Text("status") is var now
            && now != status; Thread.Sleep(100))
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(10), $"still {now}, not {status}");
    }
}
