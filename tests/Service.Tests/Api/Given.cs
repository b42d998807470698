using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>Rows as workers would leave them.</summary>
internal static class Given
{
    public const string Minimal =
        """{ "model": "sample-model", "dataset": "acceptable", "task": { "kind": "classification", "columns": { "first": "sentence", "label": "label" } } }""";

    public const string Lora =
        """{ "model": "sample-model", "dataset": "acceptable", "method": "lora", "task": { "kind": "classification", "columns": { "first": "sentence", "label": "label" } } }""";

    private const string Model = """
        { "family": "roberta", "architecture": "RobertaForMaskedLM", "layers": 4, "hidden": 64, "heads": 4, "vocabulary": 1000, "longestText": 512, "parameters": 300000,
          "weightsType": "F32", "modules": [ { "type": "query", "path": "roberta.encoder.layer.*.attention.self.query", "in": 64, "out": 64 },
                       { "type": "value", "path": "roberta.encoder.layer.*.attention.self.value", "in": 64, "out": 64 } ], "sha256": "aa11", "files": [] }
        """;

    private const string Dataset = """
        { "splits": [ { "split": "train", "file": "train.tsv", "bytes": 6000, "sha256": "bb22", "rows": 300, "header": true,
          "columns": [ { "name": "sentence", "type": "text", "distinct": 300, "longest": 12 }, { "name": "label", "type": "integer", "distinct": 2, "values": { "0": 100, "1": 200 }, "longest": 1 } ],
          "preview": [ ["a dog barks", "1"], ["dog a barks", "0"], ["a cat sits", "1"] ] } ] }
        """;

    /// <summary>The model <c>sample-model</c> and the dataset <c>acceptable</c>, both ready.</summary>
    public static async Task AddInputsAsync(this TestService service)
    {
        await using var db = await service.Contexts.CreateDbContextAsync();
        var now = service.Clock.GetUtcNow();
        db.Add(new ModelRow
        {
            Id = Guid.CreateVersion7(), Name = "sample-model", Source = "file:/models/sample", Status = InputStatus.Ready, CreatedAt = now,
            ReadyAt = now,
            Facts = JsonSerializer.Deserialize<ModelSummary>(Model, JsonText.Compact),
        });
        db.Add(new DatasetRow
        {
            Id = Guid.CreateVersion7(), Name = "acceptable", Source = "file:/data/acceptable", Status = InputStatus.Ready, CreatedAt = now,
            ReadyAt = now, Sha256 = "cc33",
            Facts = JsonSerializer.Deserialize<DatasetSummary>(Dataset, JsonText.Compact),
        });
        await db.SaveChangesAsync();
    }

    /// <summary>Submits a job over HTTP.</summary>
    public static async Task<Guid> SubmitAsync(this TestService service, string json = Minimal)
    {
        using var answer = await service.PostAsync("/jobs", json);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted,
            $"{await answer.Content.ReadAsStringAsync()}\n{string.Join('\n', service.Errors)}");
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    public static async Task<StageLease> TakeAsync(this TestService service, Guid job, Stage stage = Stage.ImportanceEvaluation,
        string worker = "worker-1") =>
        await service.Services.GetRequiredService<StageLeases>().TakeAsync(job, stage, worker, CancellationToken.None)
            ?? throw new InvalidOperationException($"{stage} of {job} is not queued");

    /// <summary>Brings a LoRA-drop job to its importance; query layers 0 to 3 have I = 0.4, 0.1, 0.2, 0.3 and value layers 0.25
    /// each.</summary>
    public static async Task MeasureAsync(this TestService service, Guid job, params StoredFile[] files)
    {
        var lease = await service.TakeAsync(job);
        await lease.RenewAsync(set => set.SetProperty(s => s.Parameters, new ParameterCounts(8192, 8192, 8192 + 100)), [],
            CancellationToken.None);
        var norms = new[] { ("query", new double[] { 4, 1, 2, 3 }), ("value", [1, 1, 1, 1]) }
            .SelectMany(type => type.Item2.Select((g, layer) => new OutputNorms(new Site(type.Item1, layer), [g / 2, g / 2], 10)
            {
                Energies = [0.75 * g, 0.25 * g],
            })).ToList();
        var importance = Importance.Of(norms.ToDictionary(n => n.Site, n => n.G), ImportanceScope.PerType);
        var report = ImportanceReport.From(norms, importance, ImportanceScope.PerType, new());
        Assert.True((await lease.SucceedAsync(new StageOutcome(files, report), CancellationToken.None)).Held);
    }

    /// <summary>Ends a job's task adaptation well.</summary>
    public static async Task FinishAsync(this TestService service, Guid job, params StoredFile[] files)
    {
        var lease = await service.TakeAsync(job, Stage.TaskAdaptation);
        var result = """
            { "method": "lora-drop", "seed": 42, "parameters": { "withoutShared": 3072, "adapter": 4096, "adapterAndHead": 4196 }, "loraParameters": 8192,
              "kept": { "query": [0, 2, 3] }, "bestStep": 30, "scores": { "values": { "accuracy": 0.9, "matthews": "NaN" }, "primary": "accuracy" }, "test": null, "history": [] }
            """;
        Assert.True((await lease.SucceedAsync(new StageOutcome(files, Result: new RunSummary(result, 0.9, "accuracy 0.9")),
            CancellationToken.None)).Held);
    }

    /// <summary>Stores a file as a job's stage would leave it.</summary>
    public static async Task<StoredFile> StoreAsync(this TestService service, string name, byte[] content)
    {
        var key = $"jobs/test/{Guid.NewGuid():N}";
        var stored = await service.Objects.PutAsync(key, new MemoryStream(content), CancellationToken.None);
        return new(name, key, stored.Bytes, stored.Sha256);
    }

    /// <summary>The problem of an answer, after a look at all that every problem has.</summary>
    public static async Task<JsonElement> ProblemAsync(this HttpResponseMessage answer, HttpStatusCode status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal($"urn:loradrop:problem:{code}", problem.GetProperty("type").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.NotEqual("", problem.GetProperty("title").GetString());
        Assert.NotEqual("", problem.GetProperty("detail").GetString());
        Assert.DoesNotContain("   at ", text);
        return problem;
    }

    /// <summary>The paths of a problem's faults.</summary>
    public static string[] Paths(this JsonElement problem) =>
        [.. problem.GetProperty("faults").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()!)];

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    public static Task<JobRow> JobAsync(this TestService service, Guid job) =>
        service.RowsAsync(db => db.Jobs.Include(j => j.Stages).SingleAsync(j => j.Id == job));
}
