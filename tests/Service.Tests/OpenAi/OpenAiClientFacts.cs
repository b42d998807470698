using System.Text.Json;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>OpenAI's own client against the whole service, whose worker trains a tiny model.</summary>
public sealed class OpenAiClientFacts
{
    [Fact]
    public async Task It_sends_a_file_follows_its_job_reads_what_it_left_and_meets_its_own_errors()
    {
        OpenAiClient.SkipWhereMissing();
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        await service.PostAsync("/models", $$"""{ "name": "tiny", "source": "file:{{tiny.Model}}" }""");
        var chat = tiny.Out("chat.jsonl");
        File.WriteAllLines(chat, File.ReadLines(tiny.Files.Train).Skip(1).Select(row => row.Split('\t'))
            .Select(cells => JsonSerializer.Serialize(new
        {
            messages = new[] { new { role = "system", content = "Is it good?" }, new { role = "user", content = cells[0] },
            new { role = "assistant", content = cells[1] } },
        })));
        var broken = tiny.Out("broken.jsonl");
        File.WriteAllLines(broken, File.ReadLines(chat).Take(2).Append("""{"messages": [{"role": "user", "content": "and now?"}]}"""));

        var seen = await OpenAiClient.RunAsync($"{service.Http.BaseAddress}v1", "tiny", chat, broken);

        var job = seen.GetProperty("job");
        Assert.Equal("succeeded", Text(job, "status"));
        Assert.All(seen.GetProperty("statuses").EnumerateArray(),
            status => Assert.Contains(status.GetString(), (string?[])["validating_files", "queued", "running", "succeeded"]));
        Assert.Equal("validating_files", Text(seen.GetProperty("created"), "status"));
        Assert.Matches("^ft:tiny:moods-of-films:[A-Za-z0-9_-]{22}$", Text(job, "fine_tuned_model"));
        Assert.Equal((7, "search"), (job.GetProperty("seed").GetInt64(), Text(job.GetProperty("metadata"), "team")));
        Assert.Equal(Text(seen.GetProperty("file"), "id"), Text(job, "training_file"));
        Assert.Equal(2, job.GetProperty("hyperparameters").GetProperty("n_epochs").GetInt32());
        Assert.Equal(1, job.GetProperty("method").GetProperty("lora_drop").GetProperty("sharing").GetProperty("keep").GetInt32());
        Assert.True(job.GetProperty("finished_at").GetInt64() >= job.GetProperty("created_at").GetInt64());
        Assert.True(job.GetProperty("trained_tokens").GetInt64() > 500, job.ToString());
        Assert.Equal(File.ReadAllText(chat), Text(seen, "sent"));

        var events = Items(seen, "events");
        Assert.Equal(events.Select(e => Number(e.GetProperty("id"))).OrderDescending(), events.Select(e => Number(e.GetProperty("id"))));
        Assert.Equal((1, 1), (events.Count(e => Text(e, "message").StartsWith("Submitted", StringComparison.Ordinal)),
            events.DistinctBy(e => Text(e, "id")).Count() / events.Count));
        var metrics = events.First(e => Text(e, "type") == "metrics").GetProperty("data");
        Assert.All((string[])["step", "total_steps", "train_loss", "full_valid_loss", "valid_accuracy"],
            name => Assert.Equal(JsonValueKind.Number, metrics.GetProperty(name).ValueKind));

        var checkpoints = Items(seen, "checkpoints");
        Assert.True(checkpoints.Count >= 2 && checkpoints.Zip(checkpoints.Skip(1)).All(two => Step(two.First) > Step(two.Second)),
            seen.GetProperty("checkpoints").ToString());
        Assert.True(checkpoints[0].GetProperty("metrics").GetProperty("full_valid_loss").GetDouble() > 0);
        Assert.Equal($"{Text(job, "fine_tuned_model")}:ckpt-step-{Step(checkpoints[0])}",
            Text(checkpoints[0], "fine_tuned_model_checkpoint"));

        Assert.Equal("LORA", Text(seen.GetProperty("adapter"), "peft_type"));
        Assert.Equal(job.GetProperty("result_files").EnumerateArray().Select(id => id.GetString()),
            Items(seen, "results").Select(f => Text(f, "id")));
        Assert.Equal(["tiny", Text(job, "fine_tuned_model")], Items(seen, "models").Select(m => Text(m, "id")));
        Assert.Equal(Text(job, "fine_tuned_model"), Text(seen.GetProperty("made"), "id"));

        Assert.NotEqual("paused", Text(seen.GetProperty("resumed"), "status"));
        Assert.Equal("cancelled", Text(seen.GetProperty("cancelled"), "status"));
        var error = seen.GetProperty("failed").GetProperty("error");
        Assert.Equal(("failed", "dataset_failed", "training_file"),
            (Text(seen.GetProperty("failed"), "status"), Text(error, "code"), Text(error, "param")));
        Assert.Contains("row 3 (line 3)", Text(error, "message"));

        Assert.Equal(3, Items(seen, "listed").Count);
        Assert.Equal([Text(job, "id")], Items(seen, "searched").Select(j => Text(j, "id")));

        var errors = seen.GetProperty("errors");
        Assert.Equal(("NotFoundError", "job_not_found", null), Error(errors, "unknownJob"));
        Assert.Equal(("NotFoundError", "file_not_found", null), Error(errors, "unknownFile"));
        Assert.Equal(("NotFoundError", "model_not_found", null), Error(errors, "unknownModel"));
        Assert.Equal(("BadRequestError", "invalid", "temperature"), Error(errors, "notAField"));
        Assert.Equal(("BadRequestError", "invalid", "method.lora_drop.sharing.threshold"), Error(errors, "threshold"));
        Assert.Equal(("BadRequestError", "invalid", "method.type"), Error(errors, "dpo"));
        Assert.Equal(("BadRequestError", "invalid", "training_file"), Error(errors, "noFile"));
        Assert.Equal(("BadRequestError", "job_ended", null), Error(errors, "ended"));
        Assert.Equal(("BadRequestError", "invalid", "purpose"), Error(errors, "purpose"));
        Assert.Equal(("NotFoundError", "not_found", null), Error(errors, "notThere"));
        Assert.Equal(("PermissionDeniedError", "forbidden", null), Error(errors, "baseModel"));
        Assert.Contains(Text(job, "id"), Text(errors.GetProperty("ended"), "message"));

        Assert.True(seen.GetProperty("deletedModel").GetProperty("deleted").GetBoolean());
        Assert.Equal("NotFoundError", Text(seen.GetProperty("gone"), "class"));
        Assert.True(seen.GetProperty("deletedFile").GetProperty("deleted").GetBoolean());
        Assert.Single(Items(seen, "files"));
    }

    private static (string Class, string? Code, string? Param) Error(JsonElement errors, string name)
    {
        var error = errors.GetProperty(name);
        return error.TryGetProperty("class", out var kind) ? (kind.GetString()!, error.GetProperty("code").GetString(),
            error.GetProperty("param").GetString()) : ($"no error: {error}", null, null);
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? "";

    private static List<JsonElement> Items(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray()];

    private static long Number(JsonElement id) => long.Parse(id.GetString()!["ftevent-".Length..]);

    private static int Step(JsonElement checkpoint) => checkpoint.GetProperty("step_number").GetInt32();
}
