using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Service.Tests;

public sealed class OpenApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task The_document_is_the_one_that_was_approved()
    {
        var received = (await DocumentAsync()).ToJsonString(new() { WriteIndented = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
        var (approvedAt, receivedAt) = (Beside("openapi.approved.json"), Beside("openapi.received.json"));
        if (File.Exists(approvedAt) && await File.ReadAllTextAsync(approvedAt) == received)
        {
            File.Delete(receivedAt);
            return;
        }
        await File.WriteAllTextAsync(receivedAt, received);
        Assert.Fail($"What clients see has changed. Compare the two files; where the change is meant: mv {receivedAt} {approvedAt}");
    }

    [Fact]
    public async Task Every_operation_says_what_it_does_takes_and_answers()
    {
        foreach (var (name, operation) in await OperationsAsync())
        {
            Assert.True(operation["operationId"] is not null && operation["summary"] is not null && operation["tags"]!.AsArray().Count == 1,
                name);
            foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
                Assert.True(parameter!["description"] is not null, $"{name} {parameter["name"]}");
            foreach (var (status, response) in operation["responses"]!.AsObject())
            {
                Assert.False(string.IsNullOrEmpty(response!["description"]?.GetValue<string>()), $"{name} {status}");
                // OpenAI's shape
                var problem = name.Contains(" /v1/", StringComparison.Ordinal) ? "application/json" : "application/problem+json";
                if (status[0] >= '4' && status != "416")
                    Assert.True(response["content"]?[problem]?["example"] is not null, $"{name} {status}");
            }
        }
    }

    [Fact]
    public async Task Only_model_dataset_and_task_are_required_of_a_job_and_choices_are_words()
    {
        var schemas = (await DocumentAsync())["components"]!["schemas"]!;
        Assert.Equal("""["model","dataset","task"]""", schemas["JobRequest"]!["required"]!.ToJsonString());
        Assert.Equal("""["first","label"]""", schemas["TaskColumns"]!["required"]!.ToJsonString());
        Assert.Null(schemas["TrainingSettings"]!["required"]);
        Assert.Equal(0.9, schemas["SharingSettings"]!["properties"]!["threshold"]!["default"]!.GetValue<double>());
        Assert.Equal("share", schemas["SharingSettings"]!["properties"]!["remainder"]!["default"]!.GetValue<string>());
        var method = schemas["JobRequest"]!["properties"]!["method"]!;
        Assert.Equal(Methods.Names, method["enum"]!.AsArray().Select(name => name!.GetValue<string>()));
        Assert.All(Methods.All, each => Assert.Contains($"- `{each.Name}`: {each.Summary}", method["description"]!.GetValue<string>()));
        Assert.All(Methods.Sections, section => Assert.NotNull(schemas[section.Value.Name]));
        Assert.All(Methods.Sections.Keys, section => Assert.NotNull(schemas["JobRequest"]!["properties"]![section]));
        Assert.Contains("table 9", schemas["TrainingSettings"]!["properties"]!["warmupRatio"]!["description"]!.GetValue<string>());
        Assert.Contains("0 to 1", schemas["JobView"]!["properties"]!["progress"]!["description"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_field_that_answers_leave_out_is_optional_and_never_null()
    {
        var schemas = (await DocumentAsync())["components"]!["schemas"]!;
        bool IsNullable(string schema, string field) => schemas[schema]!["properties"]![field]!["nullable"]?.GetValue<bool>() == true;
        Assert.False(IsNullable("JobView", "secondsLeft") || IsNullable("JobView", "error") || IsNullable("ProblemView", "faults"));
        Assert.DoesNotContain("error", schemas["JobView"]!["required"]!.AsArray().Select(name => name!.GetValue<string>()));
        Assert.True(IsNullable("FineTuningJob", "finished_at") && IsNullable("FineTuningJobOpenAiList", "last_id"),
            "OpenAI's answers say null");
        Assert.True(IsNullable("JobRequest", "name") && IsNullable("WorkerDemand", "memoryGiB"), "a request may say null");
    }

    [Fact]
    public async Task Only_requests_and_OpenAIs_answers_have_nullable_fields()
    {
        string[] requests = ["JobRequest", "TaskSettings", "TaskColumns", "ImportanceSettings", "SharingSettings", "TrainingSettings",
            "TextSettings",
            "DecodingSettings", "GenerationChanges", "PredictRequest", "WorkerDemand", "KeyRequest", "WebhookRequest", "WebhookChange",
            "SupervisedBody", .. Methods.Sections.Values.Select(settings => settings.Name)];
        var schemas = (await DocumentAsync())["components"]!["schemas"]!.AsObject();
        foreach (var (name, schema) in schemas.Where(schema => schema.Value!.ToJsonString().Contains("\"nullable\":true")))
            Assert.True(requests.Contains(name) || name.StartsWith("FineTuning", StringComparison.Ordinal)
                || name.StartsWith("OpenAi", StringComparison.Ordinal), name);
    }

    [Fact]
    public async Task Texts_are_not_wrapped_and_summaries_are_short()
    {
        var document = await DocumentAsync();
        foreach (var text in TextsIn(document["paths"]!).Concat(TextsIn(document["components"]!))) Assert.DoesNotMatch(@"\n[ \t]", text);
        foreach (var (name, operation) in await OperationsAsync())
            Assert.True(operation["summary"]!.GetValue<string>().Split(' ').Length <= 8, $"{name}: {operation["summary"]}");
    }

    [Fact]
    public async Task Every_example_of_a_job_is_accepted_as_it_stands()
    {
        foreach (var name in new[] { "minimal.json", "sample.json", "everything.json", "lora.json" })
        {
            var example = Examples.Read(name).ToJsonString();
            Assert.NotNull(JobRequest.Parse(example));
            if (name != "minimal.json") await _service.SubmitAsync(example);
        }
        foreach (var name in new[] { "register-model.json", "register-model-folder.json", "register-dataset.json",
            "register-dataset-folder.json" })
            Assert.NotNull(Registration.Parse(Examples.Read(name).ToJsonString()));
    }

    [Fact]
    public void Examples_of_answers_have_the_fields_that_answers_have()
    {
        var strict = new JsonSerializerOptions(ApiJson.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };
        foreach (var (name, type) in new[] { ("job-accepted.json", typeof(JobView)), ("job-succeeded.json", typeof(JobView)),
            ("importance.json", typeof(ImportanceView)) })
            Assert.Equal(Examples.Read(name).ToJsonString(),
                JsonNode.Parse(JsonSerializer.Serialize(Examples.Read(name).Deserialize(type, strict), type,
                ApiJson.Options))!.ToJsonString());
    }

    [Fact]
    public async Task The_page_for_people_is_served_with_its_scripts()
    {
        foreach (var file in new[] { "index.html", "swagger-ui.css", "swagger-ui-bundle.js", "index.js" })
        {
            using var answer = await _service.GetAsync($"/swagger/{file}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Every_kind_of_problem_is_documented_somewhere()
    {
        var documented = string.Join('\n', (await OperationsAsync()).SelectMany(o => o.Operation["responses"]!.AsObject())
            .Select(r => r.Value!["description"]));
        ProblemKind[] ofNoOperation = [ProblemKind.HostNotAllowed, ProblemKind.NotFound, ProblemKind.MethodNotAllowed];
        Assert.All(ProblemKind.All.Except(ofNoOperation), kind => Assert.Contains($"`{kind.Code}`", documented));
    }

    private async Task<JsonNode> DocumentAsync() => JsonNode.Parse(await _service.Http.GetStringAsync("/swagger/v1/swagger.json"))!;

    private async Task<List<(string Name, JsonNode Operation)>> OperationsAsync() =>
        [.. (await DocumentAsync())["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => ($"{operation.Key} {path.Key}", operation.Value!)))];

    private static IEnumerable<string> TextsIn(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(field => field is { Key: "description" or "summary", Value: JsonValue text }
            ? [text.GetValue<string>()]
            : TextsIn(field.Value)),
        JsonArray items => items.SelectMany(TextsIn),
        _ => [],
    };

    private static string Beside(string file) => Repository.At("tests", "Service.Tests", "Api", file);
}
