using System.Net;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>Experiments over HTTP; no worker takes up their jobs, unless a test does.</summary>
public sealed class ExperimentsApiFacts(GuardedService guarded) : IClassFixture<GuardedService>
{
    private const string Base = """
        "base": { "model": "sample-model", "dataset": "acceptable",
          "task": { "kind": "classification", "columns": { "first": "sentence", "label": "label" } } }
        """;

    private const string Small = $$"""{ {{Base}}, "grid": { "method": ["lora", "lora-drop"], "training.seed": [1, 2] }, "name": "small" }""";

    [Fact]
    public async Task Owners_see_their_own_and_nobody_changes_anothers()
    {
        var id = await SubmitAsync(guarded.Ada, Small);
        foreach (var (client, sees) in new[] { (guarded.Ada, true), (guarded.AdasReader, true), (guarded.Dashboard, true),
            (guarded.Admin, true), (guarded.Bob, false) })
        {
            Assert.Equal(sees, (await client.ReadAsync("/experiments?limit=100")).GetProperty("items").EnumerateArray()
                .Any(item => item.GetProperty("id").GetGuid() == id));
            foreach (var under in new[] { "", "/results" })
                using (var page = await client.GetAsync($"/experiments/{id}{under}"))
                    Assert.Equal(sees ? HttpStatusCode.OK : HttpStatusCode.NotFound, page.StatusCode);
        }
        foreach (var act in new[] { "cancel", "pause", "resume", "retry" })
            using (var answer = await guarded.Bob.PostTextAsync($"/experiments/{id}/{act}", ""))
                await answer.ProblemAsync(HttpStatusCode.NotFound, "experiment_not_found");
        using (var more = await guarded.Bob.PostTextAsync($"/experiments/{id}/extend", """{ "seeds": [3] }"""))
            await more.ProblemAsync(HttpStatusCode.NotFound, "experiment_not_found");
        using (var reader = await guarded.AdasReader.PostTextAsync("/experiments", Small))
            await reader.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        using (var deleted = await guarded.Bob.DeleteAsync($"/experiments/{id}"))
            await deleted.ProblemAsync(HttpStatusCode.NotFound, "experiment_not_found");
        Assert.Equal("queued", (await guarded.Ada.ReadAsync($"/experiments/{id}")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Sent_twice_with_one_key_it_is_one_and_an_unknown_query_field_is_refused()
    {
        using var first = await guarded.Ada.PostTextAsync("/experiments", Small, "one-experiment");
        using var again = await guarded.Ada.PostTextAsync("/experiments", Small, "one-experiment");
        Assert.Equal((await first.JsonAsync()).GetProperty("id").GetGuid(), (await again.JsonAsync()).GetProperty("id").GetGuid());
        var id = (await first.JsonAsync()).GetProperty("id").GetGuid();
        using var wrong = await guarded.Ada.GetAsync($"/experiments/{id}/results?form=csv");
        await wrong.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task Its_jobs_are_ordinary_jobs_that_wait_for_room_and_for_the_importance_they_share()
    {
        var id = await SubmitAsync(guarded.Ada, $$"""
            { {{Base}}, "grid": { "sharing.threshold": [0.5, 0.7, 0.9], "training.seed": [1, 2] }, "parallel": 3 }
            """);
        var jobs = (await guarded.Ada.ReadAsync($"/jobs?label=experiment:{id}&limit=100")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(6, jobs.Length);
        Assert.Equal(2, await QueuedAsync(id)); // one per seed; the others wait for what these two measure

        var first = await FirstAsync(id);
        Assert.False((await guarded.Ada.ReadAsync($"/jobs/{first}")).TryGetProperty("waitingFor", out _));
        var last = jobs.Select(job => job.GetProperty("id").GetGuid()).Max();
        Assert.Equal("experiment", (await guarded.Ada.ReadAsync($"/jobs/{last}")).GetProperty("waitingFor")[0].GetString());
        await guarded.Service.MeasureAsync(first);
        await ReleaseAsync(id);
        Assert.Equal(3, await QueuedAsync(id)); // there is room for one more
        using var cancelled = await guarded.Ada.PostTextAsync($"/jobs/{first}/cancel", "");
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
    }

    [Fact]
    public async Task It_pauses_resumes_is_cancelled_and_tried_again_as_one()
    {
        var id = await SubmitAsync(guarded.Ada, $$"""
            { {{Base}}, "grid": { "method": ["lora", "lora-drop"], "sharing.threshold": [0.5, 0.9], "training.seed": [1, 2] }, "parallel": 1 }
            """);
        Assert.Equal(1, await QueuedAsync(id));
        Assert.Equal("paused", (await ActAsync(id, "pause")).GetProperty("status").GetString());
        await ReleaseAsync(id);
        Assert.Equal(0, await QueuedAsync(id));
        using (var active = await guarded.Ada.DeleteAsync($"/experiments/{id}"))
            await active.ProblemAsync(HttpStatusCode.Conflict, "experiment_active");
        Assert.Equal("queued", (await ActAsync(id, "resume")).GetProperty("status").GetString());
        Assert.Equal(1, await QueuedAsync(id));
        using (var twice = await guarded.Ada.PostTextAsync($"/experiments/{id}/resume", ""))
            await twice.ProblemAsync(HttpStatusCode.Conflict, "experiment_not_paused");

        var cancelled = await ActAsync(id, "cancel");
        Assert.Equal("cancelled", cancelled.GetProperty("status").GetString());
        Assert.Equal(6, cancelled.GetProperty("jobs").GetProperty("cancelled").GetInt32());
        Assert.True(cancelled.TryGetProperty("finishedAt", out _));
        using (var ended = await guarded.Ada.PostTextAsync($"/experiments/{id}/cancel", ""))
            await ended.ProblemAsync(HttpStatusCode.Conflict, "experiment_ended");
        var row = (await guarded.Ada.ReadAsync($"/experiments/{id}/results")).GetProperty("rows")[0];
        Assert.Equal("cancelled", row.GetProperty("missing")[0].GetProperty("status").GetString());
        Assert.Contains("Missing: lora, seed 1: job ", await guarded.Ada.GetStringAsync($"/experiments/{id}/results?format=markdown"));

        var retried = await ActAsync(id, "retry");
        Assert.Equal("queued", retried.GetProperty("status").GetString());
        Assert.False(retried.TryGetProperty("finishedAt", out _));
        await ActAsync(id, "cancel");
        using (var deleted = await guarded.Ada.DeleteAsync($"/experiments/{id}"))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Empty((await guarded.Ada.ReadAsync($"/jobs?label=experiment:{id}")).GetProperty("items").EnumerateArray());
        var gone = await guarded.Ada.ReadAsync($"/jobs?deleted=true&label=experiment:{id}");
        Assert.Equal(6, gone.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Jobs_whose_dataset_is_deleted_are_not_tried_again_and_the_answer_says_why()
    {
        using (var added = await guarded.Ada.PostTextAsync("/datasets", """{"name": "passing", "source": "hf:a/passing"}"""))
            Assert.Equal(HttpStatusCode.Accepted, added.StatusCode);
        var id = await SubmitAsync(guarded.Ada, Small.Replace("acceptable", "passing", StringComparison.Ordinal));
        using (var used = await guarded.Ada.DeleteAsync("/datasets/passing"))
            await used.ProblemAsync(HttpStatusCode.Conflict, "dataset_in_use");
        await ActAsync(id, "cancel");
        using (var deleted = await guarded.Ada.DeleteAsync("/datasets/passing")) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using var retried = await guarded.Ada.PostTextAsync($"/experiments/{id}/retry", "");
        await retried.ProblemAsync(HttpStatusCode.Conflict, "dataset_deleted");
        Assert.Equal("cancelled", (await guarded.Ada.ReadAsync($"/experiments/{id}")).GetProperty("status").GetString());
        using var more = await guarded.Ada.PostTextAsync($"/experiments/{id}/extend", """{ "seeds": [3] }""");
        var problem = await more.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["base.dataset"], problem.Paths());
    }

    [Fact]
    public async Task The_end_is_an_event_of_the_job_that_ended_last()
    {
        var id = await SubmitAsync(guarded.Ada, $$"""{ {{Base}}, "grid": { "method": ["lora"] } }""");
        await ActAsync(id, "cancel");
        var job = (await guarded.Ada.ReadAsync($"/jobs?label=experiment:{id}")).GetProperty("items")[0].GetProperty("id").GetGuid();
        var last = (await guarded.Ada.ReadAsync($"/jobs/{job}/events")).GetProperty("items").EnumerateArray().Last();
        Assert.Equal("experiment-finished", last.GetProperty("type").GetString());
        Assert.Equal(id, last.GetProperty("data").GetProperty("experiment").GetGuid());
    }

    [Fact]
    public async Task A_preview_lists_jobs_and_faults_and_stores_nothing()
    {
        var before = (await guarded.Ada.ReadAsync("/experiments?limit=100")).GetProperty("items").GetArrayLength();
        using var answer = await guarded.Ada.PostTextAsync("/experiments/preview", $$"""
            { {{Base}}, "grid": { "method": ["lora", "lora-drop"], "lora.targets": [["query"], ["nothing"]] } }
            """);
        var preview = await answer.JsonAsync();
        Assert.Equal(4, preview.GetProperty("jobs").GetInt32());
        Assert.Equal("grid.lora.targets", Assert.Single(preview.GetProperty("faults").EnumerateArray()).GetProperty("path").GetString());
        Assert.Equal(2, preview.GetProperty("importanceEvaluations").GetInt32());
        Assert.Equal(before, (await guarded.Ada.ReadAsync("/experiments?limit=100")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("""{ "base": { "model": "sample-model", "model": "b" }, "grid": { "method": ["lora"] } }""", "base")]
    [InlineData("""{ "base": { "model": "\ud800" }, "grid": { "method": ["lora"] } }""", "base")]
    [InlineData("""{ "grid": { "x": [{ "name": "a", "set": { "\ud800": 1 } }] } }""", "grid.x")]
    [InlineData("""{ "grid": { "x": [{ "name": "\ud800", "set": { "a": 1 } }] } }""", "grid.x")]
    [InlineData("""{ "grid": { "training": [[[[1]]]] } }""", "grid.training")]
    [InlineData("""{ "grid": { "training.seed.x": [1] } }""", "grid.training.seed.x")]
    [InlineData("""{ "grid": { "": [1] } }""", "grid.")]
    [InlineData("""{ "grid": { ".": [1] } }""", "grid..")]
    [InlineData("""{ "grid": { "method": ["lora"] }, "baseline": { "method": {} } }""", "baseline.method")]
    [InlineData("""{ "preset": "paper/table-1", "grid": [] }""", "grid")]
    [InlineData("""{ "preset": "paper/table-1", "model": 3, "tasks": [] }""", "model")]
    public async Task What_cannot_be_read_is_refused_with_its_place(string json, string path)
    {
        using var answer = await guarded.Ada.PostTextAsync("/experiments", json);
        var problem = await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Contains(path, problem.Paths());
    }

    [Fact]
    public async Task Jobs_of_experiments_leave_the_owners_own_quota_alone()
    {
        var key = await guarded.Service.KeyAsync(Role.Submit, "eve", activeJobs: 1);
        using var eve = guarded.Service.As(key);
        await SubmitAsync(eve, Small);
        using (var own = await eve.PostTextAsync("/jobs", Given.Minimal)) Assert.Equal(HttpStatusCode.Accepted, own.StatusCode);
        using (var second = await eve.PostTextAsync("/jobs", Given.Minimal))
            await second.ProblemAsync(HttpStatusCode.TooManyRequests, "quota_exceeded");
    }

    private static async Task<Guid> SubmitAsync(HttpClient client, string json)
    {
        using var answer = await client.PostTextAsync("/experiments", json);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        return (await answer.JsonAsync()).GetProperty("id").GetGuid();
    }

    private async Task<JsonElement> ActAsync(Guid id, string act)
    {
        using var answer = await guarded.Ada.PostTextAsync($"/experiments/{id}/{act}", "");
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        return await answer.JsonAsync();
    }

    /// <summary>What every worker's heartbeat does, and every stage's end.</summary>
    private async Task ReleaseAsync(Guid id)
    {
        await using var scope = guarded.Service.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ExperimentRelease>().RunAsync(id, CancellationToken.None);
    }

    private async Task<int> QueuedAsync(Guid id)
    {
        await using var db = await guarded.Service.Contexts.CreateDbContextAsync();
        return await db.Jobs.CountAsync(j => j.ExperimentId == id && j.Stages.Any(s => s.Status == JobStatus.Queued));
    }

    private async Task<Guid> FirstAsync(Guid id)
    {
        await using var db = await guarded.Service.Contexts.CreateDbContextAsync();
        return await db.Jobs.Where(j => j.ExperimentId == id).OrderBy(j => j.Id).Select(j => j.Id).FirstAsync();
    }
}
