using System.Net;

namespace LoraDrop.Service.Tests;

public sealed class OwnersApiFacts(GuardedService guarded) : IClassFixture<GuardedService>
{
    private readonly TestService _service = guarded.Service;

    [Fact]
    public async Task Owners_see_their_own_jobs_and_admins_and_dashboards_all()
    {
        var id = await guarded.Ada.SubmitAsync();
        foreach (var (client, sees) in new[] { (guarded.Ada, true), (guarded.AdasReader, true), (guarded.Dashboard, true),
            (guarded.Admin, true), (guarded.Bob, false) })
        {
            Assert.Equal(sees, (await client.ReadAsync("/jobs?limit=100")).GetProperty("items").EnumerateArray()
                .Any(job => job.GetProperty("id").GetGuid() == id));
            using var page = await client.GetAsync($"/jobs/{id}");
            Assert.Equal(sees ? HttpStatusCode.OK : HttpStatusCode.NotFound, page.StatusCode);
        }
        Assert.Equal("ada", (await guarded.Admin.ReadAsync($"/jobs/{id}")).GetProperty("owner").GetString());
    }

    [Fact]
    public async Task Nothing_under_anothers_job_is_there()
    {
        var id = await guarded.Ada.SubmitAsync();
        foreach (var under in new[] { "", "/events", "/events/stream", "/metrics", "/artifacts", "/artifacts/result.json", "/checkpoints",
            "/checkpoints/task-adaptation/1", "/importance" })
            using (var answer = await guarded.Bob.GetAsync($"/jobs/{id}{under}")) await answer.ProblemAsync(HttpStatusCode.NotFound,
                "job_not_found");
        foreach (var act in new[] { "cancel", "pause", "resume", "retry", "restore" })
            using (var answer = await guarded.Bob.PostTextAsync($"/jobs/{id}/{act}", "")) await answer.ProblemAsync(HttpStatusCode.NotFound,
                "job_not_found");
        foreach (var address in new[] { $"/jobs/{id}", $"/jobs/{id}?purge=true" })
            using (var answer = await guarded.Bob.DeleteAsync(address)) await answer.ProblemAsync(HttpStatusCode.NotFound, "job_not_found");
        Assert.Equal("queued", (await guarded.Ada.ReadAsync($"/jobs/{id}")).GetProperty("status").GetString());

        await _service.MeasureAsync(id);
        using var takes = await guarded.Bob.PostTextAsync("/jobs",
            Given.Minimal.Replace("\"task\"", $"\"importance\": {{\"from\": \"{id}\"}}, \"task\"", StringComparison.Ordinal));
        var problem = await takes.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal("importance.from", problem.GetProperty("faults")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task Two_owners_may_have_a_dataset_of_one_name_and_neither_sees_the_others()
    {
        foreach (var client in new[] { guarded.Ada, guarded.Bob })
            using (var added = await client.PostTextAsync("/datasets", """{"name": "reviews", "source": "hf:a/b"}""")) Assert.Equal(
                HttpStatusCode.Accepted, added.StatusCode);
        using (var twice = await guarded.Ada.PostTextAsync("/datasets",
            """{"name": "reviews", "source": "hf:a/b"}""")) await twice.ProblemAsync(HttpStatusCode.Conflict, "dataset_exists");
        var (adas, bobs) = (await guarded.Ada.ReadAsync("/datasets/reviews"), await guarded.Bob.ReadAsync("/datasets/reviews"));
        Assert.NotEqual(adas.GetProperty("id").GetGuid(), bobs.GetProperty("id").GetGuid());
        using (var by = await guarded.Bob.GetAsync($"/datasets/{adas.GetProperty("id").GetGuid()}")) await by.ProblemAsync(
            HttpStatusCode.NotFound, "dataset_not_found");
        using (var deletes = await guarded.Bob.DeleteAsync($"/datasets/{adas.GetProperty("id").GetGuid()}")) await deletes.ProblemAsync(
            HttpStatusCode.NotFound, "dataset_not_found");
        Assert.Equal(2, (await guarded.Admin.ReadAsync("/datasets?all=true&limit=100")).GetProperty("items").EnumerateArray()
            .Count(d => d.TryGetProperty("name", out var name) && name.GetString() == "reviews"));

        using var unknown = await guarded.Bob.PostTextAsync("/jobs",
            Given.Minimal.Replace("acceptable", "revews", StringComparison.Ordinal));
        Assert.DoesNotContain("ada", (await unknown.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).ToString());
    }

    [Fact]
    public async Task What_an_admin_shares_everybody_uses_and_nobody_else_deletes()
    {
        using (var mine = await guarded.Ada.PostTextAsync("/models",
            """{"name": "ours", "source": "hf:a/b", "shared": true}""")) await mine.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        using (var shared = await guarded.Admin.PostTextAsync("/models",
            """{"name": "ours", "source": "hf:a/b", "shared": true}""")) Assert.Equal(HttpStatusCode.Accepted, shared.StatusCode);
        Assert.False((await guarded.Bob.ReadAsync("/models/ours")).TryGetProperty("owner", out _));
        await guarded.Bob.SubmitAsync(Given.Minimal.Replace("sample-model", "ours", StringComparison.Ordinal));
        using var deletes = await guarded.Bob.DeleteAsync("/models/ours");
        await deletes.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task What_another_owners_job_brought_by_its_source_is_not_listed()
    {
        await guarded.Ada.SubmitAsync(Given.Minimal.Replace("sample-model", "hf:secret/project", StringComparison.Ordinal));
        Assert.Contains("secret/project", (await guarded.Ada.ReadAsync("/models?all=true&limit=100")).ToString());
        Assert.DoesNotContain("secret/project", (await guarded.Bob.ReadAsync("/models?all=true&limit=100")).ToString());
    }

    [Fact]
    public async Task What_a_worker_does_for_another_owner_is_not_told()
    {
        var id = await guarded.Ada.SubmitAsync();
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Workers.Add(new() { Id = "w9", Host = "h", Version = "1", Device = "cpu", Slots = 1, Memory = 1L << 40,
                StartedAt = _service.Clock.GetUtcNow(), HeartbeatAt = _service.Clock.GetUtcNow() });
            await db.SaveChangesAsync();
        }
        await _service.TakeAsync(id, worker: "w9");
        foreach (var (client, sees) in new[] { (guarded.Ada, true), (guarded.Admin, true), (guarded.Bob, false) })
            Assert.Equal(sees, (await client.ReadAsync("/workers")).ToString().Contains($"{id}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_upload_is_its_owners()
    {
        using var form = new MultipartFormDataContent { { new StringContent("mine"), "name" },
            { new StringContent("text\tlabel\na\t0\n"), "train", "train.tsv" } };
        using (var added = await guarded.Ada.PostAsync("/datasets", form)) Assert.Equal(HttpStatusCode.Accepted, added.StatusCode);
        Assert.Equal("ada", (await guarded.Ada.ReadAsync("/datasets/mine")).GetProperty("owner").GetString());
        foreach (var under in new[] { "", "/preview" })
            using (var other = await guarded.Bob.GetAsync($"/datasets/mine{under}")) await other.ProblemAsync(HttpStatusCode.NotFound,
                "dataset_not_found");
    }
}
