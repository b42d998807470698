using System.Net;
using System.Text;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class IdempotencyApiFacts(GuardedService guarded) : IClassFixture<GuardedService>
{
    private readonly TestService _service = guarded.Service;

    [Fact]
    public async Task The_first_answer_comes_again_and_nothing_is_made_twice()
    {
        var before = await CountAsync();
        using var first = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "one");
        using var again = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "one");
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.StatusCode, again.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        Assert.Equal((first.Headers.Location, first.Headers.ETag, first.Content.Headers.ContentType),
            (again.Headers.Location, again.Headers.ETag, again.Content.Headers.ContentType));
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Equal(before + 1, await CountAsync());
    }

    [Fact]
    public async Task Two_at_once_make_one_job()
    {
        var before = await CountAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "at once")));
        Assert.All(answers,
            answer => Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.Accepted, HttpStatusCode.Conflict]));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.Accepted);
        foreach (var busy in answers.Where(answer => answer.StatusCode == HttpStatusCode.Conflict))
        {
            await busy.ProblemAsync(HttpStatusCode.Conflict, "idempotency_in_flight");
            Assert.NotNull(busy.Headers.RetryAfter);
        }
        Assert.Equal(before + 1, await CountAsync());
        foreach (var answer in answers) answer.Dispose();
    }

    [Fact]
    public async Task Another_body_and_another_address_are_refused()
    {
        using (await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "used")) { }
        using (var other = await guarded.Ada.PostTextAsync("/jobs", Given.Lora, "used")) await other.ProblemAsync(
            HttpStatusCode.UnprocessableEntity, "idempotency_reused");
        using (var elsewhere = await guarded.Ada.PostTextAsync("/models", """{"name": "m", "source": "hf:a/b"}""",
            "used")) await elsewhere.ProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency_reused");
    }

    [Fact]
    public async Task Keys_of_two_owners_have_nothing_to_do_with_each_other()
    {
        using var ada = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "mine");
        using var bob = await guarded.Bob.PostTextAsync("/jobs", Given.Minimal, "mine");
        Assert.NotEqual(ada.Headers.Location, bob.Headers.Location);
    }

    [Fact]
    public async Task What_was_refused_can_be_mended_under_the_same_key()
    {
        using (var wrong = await guarded.Ada.PostTextAsync("/jobs", "{}", "mended")) await wrong.ProblemAsync(
            HttpStatusCode.UnprocessableEntity, "invalid");
        using var right = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "mended");
        Assert.Equal(HttpStatusCode.Accepted, right.StatusCode);
    }

    [Fact]
    public async Task An_upload_is_the_same_under_another_boundary_and_not_with_another_file()
    {
        async Task<HttpResponseMessage> UploadAsync(string boundary, string rows)
        {
            using var form = new MultipartFormDataContent(boundary) { { new StringContent("once"), "name" },
                { new StringContent($"text\tlabel\n{rows}"), "train", "train.tsv" } };
            return await guarded.Ada.SendAsync(new(HttpMethod.Post, "/datasets") { Content = form,
                Headers = { { "Idempotency-Key", "upload" } } });
        }
        using var first = await UploadAsync("----first", "a\t0\nb\t1\n");
        using var again = await UploadAsync("----another-much-longer-one", "a\t0\nb\t1\n");
        Assert.True(first.StatusCode == HttpStatusCode.Accepted, await first.Content.ReadAsStringAsync());
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        using var other = await UploadAsync("----first", "a\t0\nb\t0\n");
        await other.ProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency_reused");
    }

    [Fact]
    public async Task A_job_whose_answer_was_lost_is_found_by_whoever_takes_the_request_up()
    {
        using var first = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "lost");
        var before = await CountAsync();
        await _service.RowsAsync(db => db.IdempotentRequests.Where(r => r.Key == "lost").ExecuteUpdateAsync(set => set
            .SetProperty(r => r.Status, (int?)null).SetProperty(r => r.BodySha256, (string?)null)
            .SetProperty(r => r.HeldUntil, _service.Clock.GetUtcNow().AddSeconds(-1)))); // as a process that died in that moment leaves it
        using var again = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "lost");
        Assert.Equal((HttpStatusCode.Accepted, first.Headers.Location), (again.StatusCode, again.Headers.Location));
        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task After_a_day_a_key_is_free_again()
    {
        using var first = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "daily");
        await _service.RowsAsync(db => db.Database.ExecuteSqlRawAsync("UPDATE idempotent_requests SET created_at = 0 WHERE key = 'daily'"));
        using var next = await guarded.Ada.PostTextAsync("/jobs", Given.Minimal, "daily");
        Assert.NotEqual(first.Headers.Location, next.Headers.Location);
        await _service.RowsAsync(db => db.Database.ExecuteSqlRawAsync("UPDATE idempotent_requests SET created_at = 0 WHERE key = 'daily'"));
        Assert.True(await _service.Services.GetRequiredService<IdempotentRequests>().PurgeAsync(CancellationToken.None) >= 1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("256")]
    public async Task A_key_that_cannot_be_one_is_refused(string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post,
            "/jobs") { Content = new StringContent(Given.Minimal, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key == "256" ? new string('k', 256) : key);
        using var answer = await guarded.Ada.SendAsync(request);
        await answer.ProblemAsync(HttpStatusCode.BadRequest, "bad_request");
    }

    private Task<int> CountAsync() => _service.RowsAsync(db => db.Jobs.CountAsync());
}
