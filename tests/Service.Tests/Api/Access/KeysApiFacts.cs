using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class KeysApiFacts(GuardedService guarded) : IClassFixture<GuardedService>
{
    private readonly TestService _service = guarded.Service;

    [Fact]
    public async Task Nothing_but_whether_the_service_lives_is_told_to_strangers()
    {
        var document = await guarded.Admin.ReadAsync("/swagger/v1/swagger.json");
        var open = new List<string>();
        foreach (var path in document.GetProperty("paths").EnumerateObject())
            foreach (var operation in path.Value.EnumerateObject())
            {
                var address = path.Name.Replace("{id}", $"{Guid.NewGuid()}", StringComparison.Ordinal)
                    .Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
                using var answer = await _service.Http.SendAsync(new(new(operation.Name.ToUpperInvariant()), address));
                if (answer.StatusCode != HttpStatusCode.Unauthorized) open.Add($"{operation.Name} {path.Name}");
            }
        Assert.Equal(["get /health/live", "get /health/ready"], open.Order(StringComparer.Ordinal));
        foreach (var page in new[] { "/swagger", "/swagger/index.html", "/swagger/v1/swagger.json", "/hangfire",
            "/hangfire/jobs/enqueued", "/nothing", "/jobs/none", "/..%2f" })
            using (var answer = await _service.GetAsync(page)) await answer.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
        foreach (var page in new[] { "/", "/ui/jobs", "/ui/keys", "/ui/nothing" })
            using (var answer = await _service.GetAsync(page))
                Assert.Equal($"/ui/sign-in?next={Uri.EscapeDataString(page)}", answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task A_program_is_told_how_to_sign_in_and_a_browser_is_asked_for_a_key()
    {
        using var program = await _service.GetAsync("/jobs");
        Assert.Equal("Bearer", program.Headers.WwwAuthenticate.ToString());
        var page = new HttpRequestMessage(HttpMethod.Get, "/swagger/index.html") { Headers = { { "Accept", "text/html" } } };
        using var browser = await _service.Http.SendAsync(page);
        Assert.Equal("Basic", browser.Headers.WwwAuthenticate.Single().Scheme);

        var key = await _service.KeyAsync(Role.Read, "reader");
        var signedIn = new HttpRequestMessage(HttpMethod.Get,
            "/swagger/index.html") { Headers = { Authorization = new("Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"anybody:{key}"))) } };
        using var shown = await _service.Http.SendAsync(signedIn);
        Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
    }

    [Theory]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer ")]
    [InlineData("Bearer ld_aaaaaaaa_0000000000000000000000000000000000000000000")]
    [InlineData("Bearer ld_' OR 1=1 --")]
    [InlineData("Basic !!!")]
    [InlineData("Basic bm9jb2xvbg==")]
    [InlineData("Negotiate abc")]
    public async Task What_is_no_key_is_refused(string header)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/jobs");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using var answer = await _service.Http.SendAsync(request);
        await answer.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task A_revoked_and_an_expired_key_are_refused_and_say_so_only_to_who_has_the_whole_key()
    {
        using var made = await guarded.Admin.PostTextAsync("/keys",
            """{"name": "short", "role": "submit", "owner": "carol", "expiresAt": "2099-01-01T00:00:00Z"}""");
        var key = await made.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((HttpStatusCode.Created, $"/keys/{key.GetProperty("id").GetGuid()}"),
            (made.StatusCode, made.Headers.Location!.ToString()));
        Assert.True(made.Headers.CacheControl!.NoStore);
        var text = key.GetProperty("key").GetString()!;
        using var carol = _service.As(text);
        Assert.Equal("carol", (await carol.ReadAsync("/me")).GetProperty("owner").GetString());
        Assert.DoesNotContain(text, (await guarded.Admin.ReadAsync("/keys")).ToString());

        using (var revoked = await guarded.Admin.DeleteAsync(made.Headers.Location)) Assert.Equal(HttpStatusCode.NoContent,
            revoked.StatusCode);
        using (var after = await carol.GetAsync("/jobs")) Assert.Contains("was revoked",
            (await after.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized")).GetProperty("detail").GetString());
        using (var guess = _service.As($"{text[..11]}_{new string('x', 43)}"))
        using (var answer = await guess.GetAsync("/jobs")) Assert.DoesNotContain("revoked",
            (await answer.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized")).GetProperty("detail").GetString());

        var (old, prefix) = ApiKeyText.New();
        await _service.RowsAsync(async db =>
        {
            db.Add(new ApiKeyRow { Id = Guid.NewGuid(), Name = "old", Prefix = prefix, Sha256 = ApiKeyText.Digest(old), Owner = "old",
                Role = Role.Admin, CreatedBy = "a test", ExpiresAt = _service.Clock.GetUtcNow().AddSeconds(-1) });
            return await db.SaveChangesAsync();
        });
        using var expired = _service.As(old);
        using var late = await expired.GetAsync("/jobs");
        Assert.Contains("expired", (await late.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized")).GetProperty("detail")
            .GetString());
    }

    [Fact]
    public async Task Only_a_digest_of_a_key_is_kept()
    {
        var key = await _service.KeyAsync(Role.Read, "kept");
        var row = await _service.RowsAsync(db => db.ApiKeys.SingleAsync(k => k.Owner == "kept"));
        Assert.Equal((key[..11], 64), (row.Prefix, row.Sha256.Length));
        Assert.DoesNotContain(key[12..], JsonSerializer.Serialize(row));
    }

    [Fact]
    public async Task Each_role_may_do_what_it_is_for()
    {
        using (var submits = await guarded.AdasReader.PostTextAsync("/jobs", Given.Minimal)) await submits.ProblemAsync(
            HttpStatusCode.Forbidden, "forbidden");
        using (var cancels = await guarded.Dashboard.PostTextAsync($"/jobs/{await guarded.Ada.SubmitAsync()}/cancel",
            "")) await cancels.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        foreach (var address in new[] { "/keys", "/audit", "/hangfire" })
        {
            using (var looks = await guarded.Ada.GetAsync(address)) await looks.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
            using (var admin = await guarded.Admin.GetAsync(address)) Assert.Equal(HttpStatusCode.OK, admin.StatusCode);
        }
        using var makes = await guarded.Ada.PostTextAsync("/keys", """{"name": "mine", "role": "admin"}""");
        await makes.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    [Theory]
    [InlineData("""{}""", "name", "role")]
    [InlineData("""{"name": "x", "role": "root"}""", "role")]
    [InlineData("""{"name": "x", "role": "submit", "owner": "*"}""", "owner")]
    [InlineData("""{"name": "*", "role": "admin"}""", "name")]
    [InlineData("""{"name": "x", "role": "read", "owner": " "}""", "owner")]
    [InlineData("""{"name": "x", "role": "read", "expiresAt": "2001-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"name": "x", "role": "read", "expiresAt": "tomorrow"}""", "expiresAt")]
    [InlineData("""{"name": "x", "role": "read", "requestsPerMinute": 0, "activeJobs": -1, "scope": 1}""", "activeJobs",
        "requestsPerMinute", "scope")]
    public async Task Every_fault_of_a_key_is_named(string json, params string[] paths)
    {
        using var answer = await guarded.Admin.PostTextAsync("/keys", json);
        var problem = await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(paths, problem.GetProperty("faults").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()!)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Too_many_requests_are_put_off()
    {
        using var slow = _service.As(await _service.KeyAsync(Role.Read, "slow", requestsPerMinute: 3));
        for (var i = 0; i < 3; i++)
            using (var answer = await slow.GetAsync("/me")) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var late = await slow.GetAsync("/me");
        await late.ProblemAsync(HttpStatusCode.TooManyRequests, "too_many_requests");
        Assert.InRange(late.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 20);
    }

    [Fact]
    public async Task Of_many_jobs_that_come_together_only_as_many_are_taken_as_the_key_may_have()
    {
        using var few = _service.As(await _service.KeyAsync(Role.Submit, "few", activeJobs: 2));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => few.PostTextAsync("/jobs", Given.Minimal)));
        Assert.Equal(2, answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted));
        var refused = answers.First(answer => answer.StatusCode != HttpStatusCode.Accepted);
        await refused.ProblemAsync(HttpStatusCode.TooManyRequests, "quota_exceeded");
        Assert.Equal(60, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds);

        var mine = (await few.ReadAsync("/jobs")).GetProperty("items")[0].GetProperty("id").GetGuid();
        using (var cancelled = await few.PostTextAsync($"/jobs/{mine}/cancel", "")) Assert.Equal(HttpStatusCode.Accepted,
            cancelled.StatusCode);
        await few.SubmitAsync();
        using (var again = await few.PostTextAsync($"/jobs/{mine}/retry", "")) await again.ProblemAsync(HttpStatusCode.TooManyRequests,
            "quota_exceeded");
        Assert.Equal((2, 2), ((await few.ReadAsync("/me")).GetProperty("activeJobs").GetInt32(),
            (await few.ReadAsync("/me")).GetProperty("mostActiveJobs").GetInt32()));
        foreach (var answer in answers) answer.Dispose();
    }

    [Fact]
    public async Task Every_change_is_in_the_audit_with_who_made_it_and_a_refused_one_is_not()
    {
        using var dana = _service.As(await _service.KeyAsync(Role.Submit, "dana"));
        var id = await dana.SubmitAsync();
        using (await dana.PostTextAsync("/jobs", "{}")) { }
        using (await dana.PostTextAsync($"/jobs/{id}/cancel", "")) { }
        using (await dana.DeleteAsync($"/jobs/{id}")) { }
        var audit = (await guarded.Admin.ReadAsync("/audit?owner=dana")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["deleteJob", "cancelJob", "submitJob"], audit.Select(change => change.GetProperty("action").GetString()!));
        Assert.Equal([$"/jobs/{id}", $"/jobs/{id}", $"/jobs/{id}"], audit.Select(change => change.GetProperty("target").GetString()!));
        Assert.All(audit, change => Assert.StartsWith("ld_", change.GetProperty("actor").GetString()));
        Assert.All(audit, change =>
            Assert.Equal("127.0.0.1", change.GetProperty("address").GetString()!.Replace("::ffff:", "", StringComparison.Ordinal)));

        Assert.Equal(3, (await guarded.Admin.ReadAsync($"/audit?target=/jobs/{id}")).GetProperty("items").GetArrayLength());
        using var first = await guarded.Admin.GetAsync("/audit?owner=dana&limit=2");
        var next = (await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("next").GetInt64();
        Assert.Equal("submitJob",
            Assert.Single((await guarded.Admin.ReadAsync($"/audit?owner=dana&limit=2&before={next}")).GetProperty("items").EnumerateArray())
            .GetProperty("action").GetString());
    }

    [Fact]
    public async Task Wrong_keys_from_one_address_are_slowed_down()
    {
        await using var service = await TestService.StartAsync(services =>
            services.AddSingleton(TestService.ApiDefaults with { RequireKey = true }));
        using var right = service.As(await service.KeyAsync(Role.Read, "right"));
        using var wrong = service.As("ld_aaaaaaaa_0000000000000000000000000000000000000000000");
        HttpStatusCode last = default;
        for (var i = 0; i < 100 && last != HttpStatusCode.TooManyRequests; i++)
            using (var answer = await wrong.GetAsync("/me")) last = answer.StatusCode;
        Assert.Equal(HttpStatusCode.TooManyRequests, last);
        using var other = await right.GetAsync("/me");
        Assert.Equal(HttpStatusCode.TooManyRequests, other.StatusCode);
        Assert.InRange(other.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
    }

    [Fact]
    public async Task Answers_tell_browsers_what_they_are_not()
    {
        foreach (var address in new[] { "/jobs", "/nothing", "/swagger/index.html" })
        {
            using var answer = await guarded.Admin.GetAsync(address);
            var headers = answer.Headers;
            Assert.Equal("nosniff", headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("DENY", headers.GetValues("X-Frame-Options").Single());
            Assert.Contains("frame-ancestors 'none'", headers.GetValues("Content-Security-Policy").Single());
            Assert.False(headers.Contains("Server"), address);
        }
        foreach (var page in new[] { "/hangfire", "/swagger/index.html" }) // these have scripts of their own, and no others
            using (var answer = await guarded.Admin.GetAsync(page)) Assert.StartsWith("default-src 'self';",
                answer.Headers.GetValues("Content-Security-Policy").Single());
        using var list = await guarded.Admin.GetAsync("/jobs");
        Assert.Equal(CacheControlHeaderValue.Parse("private, no-cache"), list.Headers.CacheControl);
    }

    [Fact]
    public void A_key_in_a_text_is_cut_to_its_prefix()
    {
        var (key, prefix) = ApiKeyText.New();
        Assert.Equal($"GET /jobs/{prefix}_… and {prefix}_… failed", ApiKeyText.Masked($"GET /jobs/{key} and {key} failed"));
        Assert.Equal(prefix, ApiKeyText.PrefixOf(key));
        Assert.Null(ApiKeyText.PrefixOf(key + "x"));
    }
}
