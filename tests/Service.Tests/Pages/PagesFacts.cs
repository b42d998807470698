using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LoraDrop.Service.Tests;

/// <summary>The web pages, in a real browser.</summary>
/// <remarks>With LORADROP_SCREENS naming a folder, the pictures of docs/screens are taken.</remarks>
public sealed class PagesFacts(PageBrowser browser) : IClassFixture<PageBrowser>
{
    private static readonly string? Screens = Environment.GetEnvironmentVariable("LORADROP_SCREENS");

    private static string Sample(params string[] parts) => Repository.At(["samples", "english", .. parts]);

    [Fact]
    public async Task A_person_submits_the_sample_job_watches_it_to_its_end_tries_it_and_compares_it_with_another()
    {
        await using var service = await SampleAsync();
        await using var visit = await browser.VisitAsync(service.Http.BaseAddress!);
        var page = visit.Page;

        await visit.GoAsync("ui/jobs/new");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("From the page");
        await page.GetByLabel("Model", new() { Exact = true }).FillAsync("sample-model");
        await page.GetByLabel("Dataset", new() { Exact = true }).FillAsync("acceptable");
        await page.GetByLabel("Kind of task").SelectOptionAsync("classification");
        await page.GetByLabel("Text column", new() { Exact = true }).FillAsync("no such column");
        await page.GetByLabel("Label column").FillAsync("label");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "task.columns.first" })).ToBeVisibleAsync();
        await page.GetByLabel("Text column", new() { Exact = true }).FillAsync("sentence");
        await page.GetByLabel("threshold", new() { Exact = true }).FillAsync("0.6");
        await page.GetByText("Training", new() { Exact = true }).ClickAsync();
        await page.Locator("#training-epochs").FillAsync("2");
        await page.Locator("#training-learningRate").FillAsync("0.002");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByText("importance evaluation", new() { Exact = true })).ToBeVisibleAsync(); // the estimate
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "curl" })).ToContainTextAsync("\"threshold\": 0.6");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit the job" }).ClickAsync();

        await page.WaitForURLAsync(new Regex("/ui/jobs/[0-9a-f-]{36}$"));
        var job = page.Url[^36..];
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "From the page" })).ToBeVisibleAsync();
        await Expect(page.Locator(".state").First).ToHaveTextAsync("succeeded");
        await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = new("^Loss over the steps") })).ToBeVisibleAsync();
        await Expect(page.Locator(".main-svg").First).ToBeVisibleAsync(); // Plotly has drawn

        await visit.GoAsync($"ui/jobs/{job}/importance");
        await Expect(page.GetByText("layers keep their own LoRA", new() { Exact = false }).First).ToBeVisibleAsync();
        await page.GetByLabel("Threshold T").FillAsync("1");
        await Expect(page.GetByText("query: 6 of 6 layers keep their own LoRA", new() { Exact = false })).ToBeVisibleAsync();
        await page.GetByLabel("Threshold T").FillAsync("0.05");
        await Expect(page.GetByText("query: 1 of 6 layers keep their own LoRA", new() { Exact = false })).ToBeVisibleAsync();
        var told = await service.Http.GetFromJsonAsync<JsonElement>($"/jobs/{job}/importance?threshold=0.05");
        await Expect(page.GetByText($"{told.GetProperty("parameters").GetProperty("adapter").GetInt64():#,0} parameters"))
            .ToBeVisibleAsync();

        await visit.GoAsync($"ui/jobs/{job}/try");
        await page.GetByLabel("Text", new() { Exact = true }).FillAsync("The cat sleeps.");
        await page.GetByLabel("The base model beside it").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Answer" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "With the adapter" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Base model" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Probability of each label" }).First).ToContainTextAsync("%");

        await visit.GoAsync($"ui/jobs/{job}/files");
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "adapter/adapter_model.safetensors" });
        var download = await page.RunAndWaitForDownloadAsync(() => row.GetByRole(AriaRole.Link).ClickAsync());
        await using (var file = File.OpenRead((await download.PathAsync())!))
            await Expect(row.Locator(".digest")).ToHaveTextAsync(Convert.ToHexStringLower(await SHA256.HashDataAsync(file)));

        // another T, from this job; it is cancelled
        await visit.GoAsync($"ui/jobs/new?clone={job}&threshold=0.9");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("The clone");
        await page.Keyboard.PressAsync("Tab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit the job" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The clone" })).ToBeVisibleAsync();
        var clone = page.Url[^36..];
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel this job" }).ClickAsync();
        await Expect(page.Locator(".state").First).ToHaveTextAsync("cancelled");
        Assert.Equal(job, (await service.Http.GetFromJsonAsync<JsonElement>($"/jobs/{clone}")).GetProperty("clonedFrom").GetString());

        await visit.GoAsync("");
        await page.GetByLabel("Compare From the page").CheckAsync();
        await page.GetByLabel("Compare The clone").CheckAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Compare 2 jobs" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "sharing.threshold" })).ToContainTextAsync("0.9");
        Assert.Empty(visit.Faults);
        Assert.Empty(visit.Elsewhere);
    }

    [Fact]
    public async Task No_page_has_a_serious_fault_of_accessibility_scrolls_sideways_or_asks_another_host_in_light_and_dark()
    {
        await using var service = await SampleAsync();
        var job = await RunAsync(service, "Is the sentence grammatical?", "lora-drop");
        var other = await RunAsync(service, "Ordinary LoRA", "lora");
        var experiment = (await service.PostAsync("/experiments", $$"""
            {"name": "Two methods", "base": {{Request("", "lora", epochs: 1)}}, "grid": {"training.seed": [1, 2]} }
            """)).GetProperty("id").GetString();
        string[] pages =
        [
            "", "ui/jobs?status=failed", "ui/jobs/new", $"ui/jobs/new?clone={job}", $"ui/jobs/{job}", $"ui/jobs/{job}/importance",
            $"ui/jobs/{job}/events", $"ui/jobs/{job}/files", $"ui/jobs/{job}/settings", $"ui/jobs/{job}/try",
                $"ui/compare?job={job}&job={other}",
            "ui/experiments", "ui/experiments/new", $"ui/experiments/{experiment}", "ui/models", "ui/datasets", "ui/datasets/acceptable",
            "ui/workers", "ui/keys", "ui/webhooks", "ui/audit", "ui/none", $"ui/jobs/{Guid.NewGuid()}",
        ];
        await service.WaitForAsync($"/experiments/{experiment}", e => WorkingService.Status(e) == "succeeded");
        foreach (var (width, colours) in new[] { (1280, ColorScheme.Light), (390, ColorScheme.Dark) })
        {
            await using var visit = await browser.VisitAsync(service.Http.BaseAddress!,
                new() { ViewportSize = new() { Width = width, Height = 900 }, ColorScheme = colours });
            foreach (var path in pages)
            {
                await visit.GoAsync(path);
                await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();
                await visit.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
                var faults = await visit.AxeAsync();
                Assert.True(faults.Count == 0, $"{path} at {width}: {string.Join('\n', faults)}");
                Assert.True(await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width,
                    $"{path} scrolls sideways at {width}");
                await PictureAsync(visit.Page, path, width, job, experiment!);
            }
            Assert.Empty(visit.Faults);
            Assert.Empty(visit.Elsewhere);
        }
    }

    [Fact]
    public async Task A_person_signs_in_with_a_key_sees_what_is_theirs_and_is_refused_what_is_not()
    {
        await using var service = await TestService.StartAsync(services =>
            services.AddSingleton(TestService.ApiDefaults with { RequireKey = true }));
        var (mine, theirs, reader) = (await service.KeyAsync(Role.Submit, "mine"), await service.KeyAsync(Role.Submit, "theirs"),
            await service.KeyAsync(Role.Read, "mine"));
        await service.AddInputsAsync();
        var (own, other) = (await SubmitAsync(service, mine, "My job"), await SubmitAsync(service, theirs, "Their job"));
        await using var visit = await browser.VisitAsync(service.Address);
        var page = visit.Page;
        await page.GotoAsync($"ui/jobs/{own}");
        Assert.Contains("/ui/sign-in?next=", page.Url, StringComparison.Ordinal);
        await page.GetByLabel("API key").FillAsync("ld_wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        Assert.Empty(await visit.AxeAsync());
        await page.GetByLabel("API key").FillAsync(mine);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "My job" })).ToBeVisibleAsync();
        await visit.GoAsync("");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "My job" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Their job" })).Not.ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Keys" })).Not.ToBeVisibleAsync();
        await visit.GoAsync($"ui/jobs/{other}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Job not found" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GotoAsync($"ui/jobs/{own}");
        Assert.Contains("/ui/sign-in", page.Url, StringComparison.Ordinal);

        // a key that may only read has no buttons to change anything
        await page.GetByLabel("API key").FillAsync(reader);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "My job" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = new("Cancel") })).Not.ToBeVisibleAsync();

        // a key that is revoked while the page is open
        await visit.GoAsync("");
        await using (var scope = service.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<ApiKeys>().RevokeAsync(reader[..11], CancellationToken.None);
        await Expect(page.GetByText("Your key has expired or was revoked. Sign in again.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_cookie_of_a_person_works_for_no_other_site_and_a_posted_address_leads_nowhere_else()
    {
        await using var service = await TestService.StartAsync(services =>
            services.AddSingleton(TestService.ApiDefaults with { RequireKey = true }));
        var key = await service.KeyAsync(Role.Submit, "mine");
        using var signed = await service.Http.PostAsync("/ui/session",
            new FormUrlEncodedContent(new Dictionary<string, string> { ["key"] = key, ["next"] = "//example.org/x" }));
        Assert.Equal("/", signed.Headers.Location?.OriginalString);
        var cookie = Assert.Single(signed.Headers.GetValues("Set-Cookie"));
        Assert.DoesNotContain(key, cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        async Task<int> StatusAsync(HttpMethod method, string? site)
        {
            using var request = new HttpRequestMessage(method, "/jobs");
            request.Headers.Add("Cookie", cookie.Split(';')[0]);
            if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
            if (method == HttpMethod.Post) request.Content = new StringContent("{}", null, "application/json");
            using var answer = await service.Http.SendAsync(request);
            return (int)answer.StatusCode;
        }
        Assert.Equal(200, await StatusAsync(HttpMethod.Get, "same-origin"));
        Assert.Equal(422, await StatusAsync(HttpMethod.Post, "same-origin"));
        Assert.Equal(401, await StatusAsync(HttpMethod.Post, null));
        Assert.Equal(403, await StatusAsync(HttpMethod.Post, "cross-site"));
        Assert.Equal(401, await StatusAsync(HttpMethod.Post, "same-site"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_WebSockets_or_without_JavaScript_pages_read_and_submit(bool javaScript)
    {
        await using var service = await TestService.StartAsync();
        await service.AddInputsAsync();
        await using var visit = await browser.VisitAsync(service.Address, new() { JavaScriptEnabled = javaScript });
        var page = visit.Page;
        await page.AddInitScriptAsync("delete window.WebSocket");
        await page.GotoAsync("ui/jobs/new");
        if (javaScript) await visit.LiveAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("<b>By form</b> & more");
        await page.GetByLabel("Model", new() { Exact = true }).FillAsync("sample-model");
        await page.GetByLabel("Dataset", new() { Exact = true }).FillAsync("acceptable");
        await page.GetByLabel("Kind of task").SelectOptionAsync("classification");
        if (javaScript) await page.GetByLabel("Text column", new() { Exact = true }).WaitForAsync();
        await page.GetByLabel("Text column", new() { Exact = true }).FillAsync("sentence");
        await page.GetByLabel("Label column").FillAsync("label");
        await page.Keyboard.PressAsync("Tab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit the job" }).ClickAsync();
        await page.WaitForURLAsync(new Regex("/ui/jobs/[0-9a-f-]{36}$"));
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "<b>By form</b> & more" })).ToBeVisibleAsync(); // markup stays text
        await page.GotoAsync("");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "<b>By form</b> & more" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_page_says_that_the_service_is_away_comes_back_with_it_and_tells_what_was_deleted_meanwhile()
    {
        using var folder = new Engine.Tests.TestFolder();
        var service = await WorkingService.StartAsync(root: folder.At("data"), port: 0);
        var port = service.Http.BaseAddress!.Port;
        await using var visit = await browser.VisitAsync(service.Http.BaseAddress!);
        await visit.GoAsync("");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "No jobs yet" })).ToBeVisibleAsync();
        await service.DisposeAsync();
        await Expect(visit.Page.GetByText("The service does not answer. This page comes back by itself.")).ToBeVisibleAsync();
        await using var again = await WorkingService.StartAsync(root: folder.At("data"), port: port);
        await visit.LiveAsync();
        await Expect(visit.Page.GetByText("The service does not answer.")).Not.ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_address_with_a_filter_that_does_not_exist_says_which()
    {
        await using var service = await TestService.StartAsync();
        await using var visit = await browser.VisitAsync(service.Address);
        await visit.GoAsync("ui/jobs?colour=blue&status=nearly");
        var alert = visit.Page.GetByRole(AriaRole.Alert);
        await Expect(alert).ToContainTextAsync("colour");
        await Expect(alert).ToContainTextAsync("status");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Show all jobs" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "No jobs yet" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Five_thousand_events_and_a_hundred_thousand_points_are_shown_in_parts()
    {
        await using var service = await TestService.StartAsync();
        await service.AddInputsAsync();
        var job = Guid.Parse(await SubmitAsync(service, key: null, "Long"));
        await service.RowsAsync(async db =>
        {
            db.Events.AddRange(Enumerable.Range(1, 5000).Select(i => new EventRow
            {
                JobId = job, At = service.Clock.GetUtcNow(), Level = EventLevel.Info, Type = "note", Message = $"Event {i}",
            }));
            await db.SaveChangesAsync();
            return await db.Database.ExecuteSqlAsync($"""
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                INSERT INTO metrics (job_id, stage, name, step, value) SELECT {job}, 'task-adaptation', 'train/loss', i, 1.0 / i FROM n
                """);
        });
        await using var visit = await browser.VisitAsync(service.Address);
        await visit.GoAsync($"ui/jobs/{job}/events");
        await Expect(visit.Page.GetByRole(AriaRole.Cell, new() { Name = "Event 5000", Exact = true })).ToBeVisibleAsync();
        Assert.InRange(await visit.Page.GetByRole(AriaRole.Row).CountAsync(), 100, 300);
        await visit.GoAsync($"ui/jobs/{job}");
        await Expect(visit.Page.Locator(".main-svg").First).ToBeVisibleAsync();
        Assert.InRange(await visit.Page.EvaluateAsync<int>("document.querySelector('.js-plotly-plot').data[0].x.length"), 100, 1000);
        Assert.Empty(visit.Faults);
    }

    [Fact]
    public async Task The_first_page_takes_less_than_a_megabyte()
    {
        await using var service = await TestService.StartAsync();
        await using var visit = await browser.VisitAsync(service.Address);
        var session = await visit.Page.Context.NewCDPSessionAsync(visit.Page);
        await session.SendAsync("Network.enable");
        var bytes = 0.0;
        session.Event("Network.loadingFinished").OnEvent += (_, finished) => bytes += finished!.Value.GetProperty("encodedDataLength")
            .GetDouble();
        await visit.GoAsync("");
        Assert.InRange(bytes, 50_000, 400_000);
    }

    private static async Task<WorkingService> SampleAsync()
    {
        var service = await WorkingService.StartAsync();
        await service.PostAsync("/models", JsonSerializer.Serialize(new { name = "sample-model", source = $"file:{Sample("model")}" }));
        using var form = new MultipartFormDataContent { { new StringContent("acceptable"), "name" } };
        foreach (var (split, file) in new[] { ("train", "train.tsv"), ("validation", "dev.tsv") })
            form.Add(new ByteArrayContent(await File.ReadAllBytesAsync(Sample("data", "acceptable", file))), split, file);
        using var answer = await service.Http.PostAsync("/datasets", form);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await service.WaitForAsync("/datasets/acceptable", dataset => WorkingService.Status(dataset) == "ready");
        await service.WaitForAsync("/models/sample-model", model => WorkingService.Status(model) == "ready");
        return service;
    }

    private static async Task<string> RunAsync(WorkingService service, string name, string method)
    {
        var ended = await service.RunAsync(Request(name, method, epochs: 2));
        Assert.True(WorkingService.Status(ended) == "succeeded", $"{ended}");
        return ended.GetProperty("id").GetString()!;
    }

    private static string Request(string name, string method, int epochs) => $$"""
        { {{(name.Length > 0 ? $"\"name\": \"{name}\"," : "")}} "model": "sample-model", "dataset": "acceptable", "method": "{{method}}",
          "task": {"kind": "classification", "columns": {"first": "sentence", "label": "label"}, "labels": ["unacceptable", "acceptable"]},
          "lora": {"alpha": 16} {{(method == "lora-drop" ? ", \"sharing\": {\"threshold\": 0.6}, \"importance\": {\"epochs\": 2}" : "")}},
          "training": {"epochs": {{epochs}}, "batchSize": 32, "learningRate": 0.002} }
        """;

    private static async Task<string> SubmitAsync(TestService service, string? key, string name)
    {
        using var client = key is null ? null : service.As(key);
        var request = System.Text.Json.Nodes.JsonNode.Parse(Given.Minimal)!.AsObject();
        request["name"] = name;
        using var answer = await (client ?? service.Http).PostAsync("/jobs", new StringContent(request.ToJsonString(), null,
            "application/json"));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement.GetProperty("id").GetString()!;
    }

    private static async Task PictureAsync(IPage page, string path, int width, string job, string experiment)
    {
        path = path.StartsWith("ui/compare", StringComparison.Ordinal) ? "compare" : path;
        if (Screens is null || path.Contains("none", StringComparison.Ordinal) || path.Contains('=')) return;
        var name = path.Replace(job, "one").Replace(experiment, "one").Replace("ui/", "");
        if (Regex.IsMatch(name, "[0-9a-f]{8}-")) return; // a page that is not found
        name = name.Length == 0 ? "jobs" : name.Replace('/', '-');
        await page.ScreenshotAsync(new() { Path = Path.Combine(Screens, $"{name}-{width}.png"), FullPage = true });
    }
}
