using System.Net;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

/// <summary>What is answered under /v1, byte by byte; what comes of it is seen by <see cref="OpenAiClientFacts"/>.</summary>
public abstract class OpenAiApiFacts(TestService service) : IAsyncLifetime
{
    private readonly TestService _service = service;

    /// <summary>The dataset <c>labelled</c>, with the columns that are looked for where nobody names any.</summary>
    public async ValueTask InitializeAsync()
    {
        await using var db = await _service.Contexts.CreateDbContextAsync();
        if (await db.Datasets.AnyAsync(d => d.Name == "labelled")) return;
        var split = (await db.Datasets.SingleAsync(d => d.Name == "acceptable")).Facts!.Splits[0];
        db.Add(new DatasetRow
        {
            Id = Guid.CreateVersion7(), Name = "labelled", Source = "file:/data/labelled", Status = InputStatus.Ready,
            CreatedAt = _service.Clock.GetUtcNow(), Sha256 = "dd44",
            Facts = new([split with { Columns = [split.Columns[0] with { Name = "text" }, split.Columns[1]] }]),
        });
        await db.SaveChangesAsync();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("GET", "/v1", 404, "not_found")]
    [InlineData("GET", "/v1/no/such", 404, "not_found")]
    [InlineData("PUT", "/v1/files", 405, "method_not_allowed")]
    [InlineData("DELETE", "/v1/models", 404, "not_found")]
    [InlineData("GET", "/v1/files/file-AZEvXgAAcAAAAAAAAAAAAA", 404, "file_not_found")]
    [InlineData("GET", "/v1/files/x/content", 404, "file_not_found")]
    [InlineData("DELETE", "/v1/files/..%2f..%2fetc", 404, "file_not_found")]
    [InlineData("GET", "/v1/models/gpt-4o", 404, "model_not_found")]
    [InlineData("DELETE", "/v1/models/ft:a:b:AZEvXgAAcAAAAAAAAAAAAA", 404, "model_not_found")]
    [InlineData("GET", "/v1/fine_tuning/jobs/ftjob-AZEvXgAAcAAAAAAAAAAAAA", 404, "job_not_found")]
    [InlineData("POST", "/v1/fine_tuning/jobs/ftjob-AZEvXgAAcAAAAAAAAAAAAA/cancel", 404, "job_not_found")]
    [InlineData("GET", "/v1/fine_tuning/jobs/018f0000-0000-7000-8000-000000000000/events", 404, "job_not_found")]
    [InlineData("POST", "/v1/fine_tuning/jobs", 415, "unsupported_media_type")]
    [InlineData("POST", "/v1/files", 415, "unsupported_media_type")]
    [InlineData("GET", "/v1/fine_tuning/jobs?limit=0", 400, "invalid")]
    [InlineData("GET", "/v1/fine_tuning/jobs?after=x", 400, "invalid")]
    [InlineData("GET", "/v1/files?order=up", 400, "invalid")]
    [InlineData("GET", "/v1/files?after=ftjob-x&temperature=1", 400, "invalid")]
    public async Task Every_refusal_has_the_shape_that_its_clients_read(string method, string path, int status, string code)
    {
        using var answer = await _service.Http.SendAsync(new HttpRequestMessage(new(method), path));
        var error = await ErrorAsync(answer, status);
        Assert.Equal((code, "invalid_request_error"), (error.GetProperty("code").GetString(), error.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task Outside_of_v1_refusals_stay_problems()
    {
        using var answer = await _service.GetAsync("/v12/files");
        await answer.ProblemAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("""{"model": "sample-model"}""", "training_file: is required")]
    [InlineData("""{"training_file": "labelled"}""", "model: is required")]
    [InlineData("""{"model": "sample-model", "training_file": "nothing"}""", "training_file: there is no registered dataset \"nothing\"")]
    [InlineData("""{"model": "sample-model", "training_file": "file-abc"}""", "training_file: file file-abc not found")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "validation_file": "file-abc"}""",
        "validation_file: can only be used if training_file is a file id")]
    [InlineData("""{"model": "ft:sample-model:x:abc", "training_file": "labelled"}""", "model: is a fine-tuned model")]
    [InlineData("""{"model": "gpt-4o-mini", "training_file": "labelled"}""", "model: there is no registered model \"gpt-4o-mini\"")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "suffix": 7}""", "suffix: must be a text; got 7")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "metadata": {"a": 1}}""", "metadata.a: must be a text; got 1")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "integrations": [{"type": "wandb"}]}""",
        "integrations: are not supported")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "hyperparameters": {"n_epochs": 0}}""",
        "hyperparameters.n_epochs: must be at least 1; got 0")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "hyperparameters": {"n_epochs": "many"}}""",
        "hyperparameters.n_epochs: must be a whole number")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "hyperparameters": {"batchSize": 3}}""",
        "hyperparameters.batchSize: unknown field")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "method": {"type": "supervised", "supervised": {"hyperparameters": {"learning_rate_multiplier": -1}}}}""", "method.supervised.hyperparameters.learning_rate_multiplier: must be above 0")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "hyperparameters": {"n_epochs": 2}, "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}}""", "hyperparameters: are already given under method")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "method": {"type": "reinforcement"}}""",
        "method.type: must be one of supervised, lora-drop, lora,")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "method": {"type": "lora", "lora_drop": {}}}""",
        "method.lora_drop: does not belong to the type lora")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "method": {"type": "lora", "lora": {"sharing": {}}}}""",
        "method.lora.sharing: does not apply to the method lora")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "method": {"type": "lora-drop", "lora_drop": {"lora": {"rank": 8.5}}}}""", "method.lora_drop.lora.rank: must be a whole number")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "method": {"type": "lora-drop", "lora_drop": {"model": "x"}}}""",
        "method.lora_drop.model: unknown field")]
    [InlineData("""{"model": "sample-model", "training_file": "labelled", "seed": 1, "method": {"type": "lora-drop", "lora_drop": {"training": {"seed": 2}}}}""", "seed: is given as method.lora_drop.training.seed too")]
    [InlineData("""{"model": "sample-model", "training_file": "acceptable", "method": {"type": "lora-drop", "lora_drop": {"lora": {"rank": 4}}}}""", "training_file: train.tsv must have the columns (text, label) or (prompt, completion)")]
    public async Task What_is_wrong_with_a_job_is_told_under_the_name_that_was_written(string body, string fault)
    {
        using var answer = await _service.PostAsync("/v1/fine_tuning/jobs", body);
        var error = await ErrorAsync(answer, 400);
        Assert.Equal(fault[..fault.IndexOf(':')], error.GetProperty("param").GetString());
        Assert.True(error.GetProperty("message").GetString()!.StartsWith(fault, StringComparison.Ordinal), error.ToString());
        Assert.Single(error.GetProperty("faults").EnumerateArray());
    }

    [Fact]
    public async Task All_faults_come_at_once()
    {
        using var answer = await _service.PostAsync("/v1/fine_tuning/jobs",
            """{"model": "none", "training_file": "file-x", "n": 1, "seed": "x", "method": {"type": "lora-drop", "lora_drop": {"sharing": {"threshold": 2}}}}""");
        var paths = (await ErrorAsync(answer, 400)).GetProperty("faults").EnumerateArray().Select(f => f.GetProperty("path").GetString())
            .Order();
        Assert.Equal(["method.lora_drop.sharing.threshold", "model", "n", "seed", "training_file"], paths);
    }

    [Fact]
    public async Task A_job_is_the_same_under_both_addresses()
    {
        var file = Text(await UploadAsync("moods.jsonl", """{"text": "x", "label": "y"}"""), "id");
        var validation = Text(await UploadAsync("dev.jsonl", """{"text": "x", "label": "y"}"""), "id");
        var job = await (await _service.PostAsync("/v1/fine_tuning/jobs", $$"""
            {"model": "sample-model", "training_file": "{{file}}", "validation_file": "{{validation}}", "suffix": "Both", "seed": 5, "metadata": {"at": "both"},
             "hyperparameters": {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 2}, "integrations": null}
            """)).JsonAsync();
        Assert.Equal("""
            ["id","object","model","created_at","finished_at","estimated_finish","fine_tuned_model","organization_id","status","error","hyperparameters","method","trained_tokens","training_file","validation_file","result_files","seed","metadata","integrations"]
            """.Trim(), JsonSerializer.Serialize(job.EnumerateObject().Select(p => p.Name)));
        Assert.Equal(("fine_tuning.job", "sample-model", "validating_files"),
            (Text(job, "object"), Text(job, "model"), Text(job, "status")));
        Assert.Equal((file, validation), (Text(job, "training_file"), Text(job, "validation_file")));
        Assert.Equal("""{"n_epochs":3,"batch_size":4,"learning_rate_multiplier":2}""", job.GetProperty("hyperparameters").GetRawText());

        var native = Assert.Single((await _service.JsonAsync("/jobs?label=at:both")).GetProperty("items").EnumerateArray());
        var page = await _service.JsonAsync($"/jobs/{native.GetProperty("id").GetString()}");
        Assert.Equal((3, 4, 1e-3, 5), (page.GetProperty("settings").GetProperty("training").GetProperty("epochs").GetInt32(),
            page.GetProperty("settings").GetProperty("training").GetProperty("batchSize").GetInt32(),
            page.GetProperty("settings").GetProperty("training").GetProperty("learningRate").GetDouble(),
            page.GetProperty("settings").GetProperty("training").GetProperty("seed").GetInt32()));
        Assert.StartsWith("upload:", page.GetProperty("settings").GetProperty("dataset").GetString());
        Assert.Equal(job.GetRawText(), (await _service.JsonAsync($"/v1/fine_tuning/jobs/{Text(job, "id")}")).GetRawText());

        // what is resolved can be sent again, and learns from the same dataset
        var again = await _service.SubmitAsync(page.GetProperty("settings").GetRawText());
        Assert.Equal(page.GetProperty("dataset").GetProperty("id").GetString(),
            (await _service.JsonAsync($"/jobs/{again}")).GetProperty("dataset").GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_job_that_names_a_dataset_says_which()
    {
        var native = await _service.SubmitAsync();
        var job = (await _service.JsonAsync("/v1/fine_tuning/jobs?limit=1")).GetProperty("data")[0];
        Assert.Equal(("acceptable", "queued", "lora-drop"),
            (Text(job, "training_file"), Text(job, "status"), Text(job.GetProperty("method"), "type")));
        var events = await _service.JsonAsync($"/v1/fine_tuning/jobs/{Text(job, "id")}/events");
        Assert.Equal(["Submitted: lora-drop on acceptable with sample-model"],
            events.GetProperty("data").EnumerateArray().Select(e => Text(e, "message")));
        Assert.Empty((await _service.JsonAsync($"/v1/fine_tuning/jobs/{Text(job, "id")}/checkpoints")).GetProperty("data")
            .EnumerateArray());
        Assert.Equal(HttpStatusCode.Accepted, (await _service.PostAsync($"/jobs/{native}/cancel")).StatusCode);
    }

    [Fact]
    public async Task Lists_go_on_behind_an_id_in_both_orders()
    {
        for (var i = 0; i < 3; i++) await UploadAsync($"part-{i}.jsonl", "{}");
        var newest = (await _service.JsonAsync("/v1/files")).GetProperty("data").EnumerateArray().Select(f => Text(f, "id")).ToList();
        Assert.Equal(newest, await AllAsync("/v1/files?limit=1"));
        Assert.Equal(newest.AsEnumerable().Reverse(), await AllAsync("/v1/files?order=asc&limit=2&purpose=fine-tune"));
        Assert.Empty(await AllAsync("/v1/files?purpose=batch"));
        Assert.Empty(await AllAsync("/v1/fine_tuning/jobs?metadata[team]=nobody"));
        var page = await _service.JsonAsync("/v1/files?limit=2");
        Assert.Equal((newest[0], newest[1], true),
            (Text(page, "first_id"), Text(page, "last_id"), page.GetProperty("has_more").GetBoolean()));
    }

    [Fact]
    public async Task A_file_comes_back_as_it_was_sent_and_is_gone_once_deleted()
    {
        var file = await UploadAsync("Umlaut ä.jsonl", """{"text": "x", "label": "y"}""");
        Assert.Equal(("file", "Umlaut ä.jsonl", "fine-tune", "processed", 27), (Text(file, "object"), Text(file, "filename"),
            Text(file, "purpose"), Text(file, "status"), file.GetProperty("bytes").GetInt32()));
        var id = Text(file, "id");
        Assert.Equal(file.GetRawText(), (await _service.JsonAsync($"/v1/files/{id}")).GetRawText());
        Assert.Equal("""{"text": "x", "label": "y"}""", await _service.Http.GetStringAsync($"/v1/files/{id}/content"));
        Assert.Equal($$"""{"id":"{{id}}","object":"file","deleted":true}""",
            (await (await _service.Http.DeleteAsync($"/v1/files/{id}")).JsonAsync()).GetRawText());
        await ErrorAsync(await _service.GetAsync($"/v1/files/{id}/content"), 404);
        await ErrorAsync(await _service.Http.DeleteAsync($"/v1/files/{id}"), 404);
    }

    [Fact]
    public async Task A_file_that_a_job_needs_stays_until_the_job_has_ended_and_its_content_until_the_job_is_gone()
    {
        var file = Text(await UploadAsync("needed.jsonl", """{"text": "x", "label": "y"}"""), "id");
        var job =
            Text(await (await _service.PostAsync("/v1/fine_tuning/jobs",
                $$"""{"model": "sample-model", "training_file": "{{file}}"}""")).JsonAsync(), "id");
        Assert.Equal("file_in_use", Text(await ErrorAsync(await _service.Http.DeleteAsync($"/v1/files/{file}"), 400), "code"));
        await (await _service.PostAsync($"/v1/fine_tuning/jobs/{job}/cancel")).JsonAsync();
        var content = await _service.RowsAsync(db => db.Files.Where(f => f.Name == "needed.jsonl").Select(f => f.Key).SingleAsync());
        await (await _service.Http.DeleteAsync($"/v1/files/{file}")).JsonAsync();
        Assert.Equal(file, Text(await _service.JsonAsync($"/v1/fine_tuning/jobs/{job}"), "training_file"));
        Assert.Contains("dataset_deleted", await (await _service.PostAsync($"/jobs/{Native(job)}/retry")).Content.ReadAsStringAsync());
        (await _service.Objects.OpenAsync(content, CancellationToken.None)).Dispose();
        Assert.Equal(HttpStatusCode.NoContent, (await _service.Http.DeleteAsync($"/jobs/{Native(job)}?purge=true")).StatusCode);
        await Assert.ThrowsAsync<FileNotFoundException>(() => _service.Objects.OpenAsync(content, CancellationToken.None));
    }

    [Theory]
    [InlineData("train.doc", "fine-tune",
        "file: must have one of the extensions .jsonl, .json, .csv, .tsv, .txt, .parquet, .jsonl.gz, .json.gz, "
        + ".csv.gz, .tsv.gz, .txt.gz; got train.doc")]
    [InlineData("train.jsonl", "assistants", "purpose: must be fine-tune")]
    public async Task A_file_for_something_else_is_refused(string name, string purpose, string fault)
    {
        using var form = new MultipartFormDataContent { { new StringContent(purpose), "purpose" },
            { new StringContent("{}"), "file", name } };
        Assert.StartsWith(fault, Text(await ErrorAsync(await _service.Http.PostAsync("/v1/files", form), 400), "message"));
        using var more = new MultipartFormDataContent { { new StringContent("{}"), "file", "t.jsonl" },
            { new StringContent("3600"), "expires_after[seconds]" } };
        var paths = (await ErrorAsync(await _service.Http.PostAsync("/v1/files", more), 400)).GetProperty("faults").EnumerateArray()
            .Select(f => Text(f, "path"));
        Assert.Equal(["expires_after[seconds]", "purpose"], paths);
        Assert.Empty(await _service.RowsAsync(db => db.Files.Where(f => f.Name == "t.jsonl").ToListAsync()));
    }

    [Fact]
    public async Task A_made_model_is_found_by_its_whole_name_only()
    {
        var native = await _service.SubmitAsync(Given.Lora.Replace("{ \"model\"", """{ "name": "Größe x", "model" """.TrimEnd()));
        await _service.FinishAsync(native, await _service.StoreAsync("adapter/README.md", "# card"u8.ToArray()));
        var model = Assert.Single((await _service.JsonAsync("/v1/models")).GetProperty("data").EnumerateArray(),
            m => Text(m, "id").StartsWith("ft:", StringComparison.Ordinal));
        Assert.Matches("^ft:sample-model:gr--e-x:[A-Za-z0-9_-]{22}$", Text(model, "id"));
        Assert.Equal(model.GetRawText(), (await _service.JsonAsync($"/v1/models/{Uri.EscapeDataString(Text(model, "id"))}")).GetRawText());
        await ErrorAsync(await _service.GetAsync($"/v1/models/{Text(model, "id").Replace("gr--e", "other")}"), 404);
        var job = (await _service.JsonAsync("/v1/fine_tuning/jobs?limit=1")).GetProperty("data")[0];
        Assert.Equal(Text(model, "id"), Text(job, "fine_tuned_model"));
        var left = await _service.JsonAsync($"/v1/files/{job.GetProperty("result_files")[0].GetString()}");
        Assert.Equal(("adapter/README.md", "fine-tune-results", 6),
            (Text(left, "filename"), Text(left, "purpose"), left.GetProperty("bytes").GetInt32()));
        Assert.Equal("# card", await _service.Http.GetStringAsync($"/v1/files/{Text(left, "id")}/content"));
        Assert.Equal("file_in_use", Text(await ErrorAsync(await _service.Http.DeleteAsync($"/v1/files/{Text(left, "id")}"), 400), "code"));
        await (await _service.Http.DeleteAsync($"/v1/models/{Text(model, "id")}")).JsonAsync();
        await ErrorAsync(await _service.GetAsync($"/v1/files/{Text(left, "id")}/content"), 404);
        Assert.Equal(HttpStatusCode.Accepted, (await _service.PostAsync($"/jobs/{native}/restore")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _service.GetAsync($"/v1/models/{Text(model, "id")}")).StatusCode);
    }

    [Fact]
    public async Task A_model_that_could_not_be_prepared_says_why_where_a_job_names_it()
    {
        await _service.RowsAsync(async db =>
        {
            db.Add(new ModelRow { Id = Guid.CreateVersion7(), Name = "talker", Source = "hf:org/talker", Status = InputStatus.Failed,
                CreatedAt = _service.Clock.GetUtcNow(),
                Failure = Failure.Refused([new("config.json model_type", "the architecture 'llama' is not supported")]) });
            return await db.SaveChangesAsync();
        });
        using var answer = await _service.PostAsync("/v1/fine_tuning/jobs",
            """{"model": "talker", "training_file": "acceptable", "method": {"type": "lora-drop", "lora_drop": {"task": {"kind": "classification", "columns": {"first": "sentence", "label": "label"}}}}}""");
        var error = await ErrorAsync(answer, 400);
        Assert.Equal("model", Text(error, "param"));
        Assert.Contains("'llama' is not supported", Text(error, "message"));
    }

    private async Task<JsonElement> UploadAsync(string name, string text)
    {
        using var form = new MultipartFormDataContent { { new StringContent("fine-tune"), "purpose" },
            { new StringContent(text), "file", name } };
        return await (await _service.Http.PostAsync("/v1/files", form)).JsonAsync();
    }

    private async Task<List<string>> AllAsync(string address)
    {
        var ids = new List<string>();
        for (var (more, after) = (true, ""); more;)
        {
            var page = await _service.JsonAsync(after.Length == 0 ? address : $"{address}&after={after}");
            ids.AddRange(page.GetProperty("data").EnumerateArray().Select(item => Text(item, "id")));
            (more, after) = (page.GetProperty("has_more").GetBoolean(), page.GetProperty("last_id").GetString() ?? "");
        }
        return ids;
    }

    /// <summary>The job's own id: the bytes behind the prefix.</summary>
    private static Guid Native(string id) =>
        new(System.Buffers.Text.Base64Url.DecodeFromChars(id.AsSpan("ftjob-".Length)), bigEndian: true);

    private static async Task<JsonElement> ErrorAsync(HttpResponseMessage answer, int status)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
            Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
            var error = Assert.Single(JsonSerializer.Deserialize<JsonElement>(text).EnumerateObject());
            Assert.Equal("error", error.Name);
            Assert.All((string[])["message", "type", "param", "code"], name => Assert.True(error.Value.TryGetProperty(name, out _), name));
            return error.Value;
        }
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? "";
}

public sealed class OpenAiOnSqliteApiFacts(SharedService shared) : OpenAiApiFacts(shared.Service), IClassFixture<SharedService>;

public sealed class OpenAiOnPostgresApiFacts(PostgresService shared) : OpenAiApiFacts(shared.Service), IClassFixture<PostgresService>;
