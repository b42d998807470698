using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>Jobs whose model generates text, from the request to the answers.</summary>
public sealed class GenerationJobFacts
{
    [Fact]
    public async Task A_decoder_is_registered_estimated_trained_and_leaves_scored_answers()
    {
        await using var service = await WorkingService.StartAsync();
        await RegisterAsync(service);
        var lines = File.ReadLines(RealData.Path("nlg", "gsm8k", "train.jsonl")).Take(60);
        var dataset = await service.UploadAsync("sums", "train.jsonl", Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        Assert.Equal("ready", WorkingService.Status(dataset));
        const string Settings = """
            {"model": "stories", "dataset": "sums", "task": {"preset": "gsm8k", "decoding": {"maxNewTokens": 8, "rows": 4}},
             "lora": {"rank": 8, "alpha": 8}, "importance": {"steps": 2}, "training": {"maxSteps": 3, "batchSize": 4, "maxLength": 128, "weights": "nf4", "checkpointing": true}}
            """;
        var estimate = await service.PostAsync("/jobs/estimate", Settings);
        Assert.Equal(0, estimate.GetProperty("faults").GetArrayLength());
        Assert.Equal(260_032, estimate.GetProperty("parameters").GetProperty("model").GetInt64());

        var job = await service.RunAsync(Settings);
        Assert.True(WorkingService.Status(job) == "succeeded", $"{job}");
        var result = job.GetProperty("result");
        Assert.Equal("perplexity", result.GetProperty("primary").GetString());
        Assert.Equal(("validation", 4, "gsm8k"),
            (result.GetProperty("generated").GetProperty("split").GetString(), result.GetProperty("generated").GetProperty("prompts")
            .GetInt32(), result.GetProperty("generated").GetProperty("primary").GetString()));
        Assert.Equal(6, result.GetProperty("kept").EnumerateObject().Count()); // q, k, v, o, up and down
        var answers = await service.Http.GetStringAsync($"/jobs/{job.GetProperty("id").GetString()}/artifacts/answers.jsonl");
        Assert.Equal(4, answers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task What_does_not_go_with_a_decoder_is_told_when_it_is_asked_for()
    {
        await using var service = await WorkingService.StartAsync();
        await RegisterAsync(service);
        await service.UploadAsync("sums", "train.jsonl", "{\"question\": \"2+2?\", \"answer\": \"4\"}\n"u8.ToArray());
        async Task<string> RefusedAsync(string task, string more = "")
        {
            using var answer = await service.Http.PostAsync("/jobs",
                new StringContent($$"""{"model": "stories", "dataset": "sums", "task": {{task}}{{more}}}""", null, "application/json"));
            Assert.Equal(422, (int)answer.StatusCode);
            return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("faults").ToString();
        }
        Assert.Contains("must have the columns (dialogue, summary)", await RefusedAsync("""{"preset": "dialogsum"}"""));
        Assert.Contains("must have the columns (q, answer); it has (question, answer)",
            await RefusedAsync("""{"kind": "generation", "text": {"prompt": "{q}", "target": "{answer}"}}"""));
        Assert.Contains("must be at most 32, the width of k_proj", await RefusedAsync("""{"preset": "gsm8k"}"""));
        Assert.Contains("matches no layer of the model; valid are q_proj, k_proj",
            await RefusedAsync("""{"preset": "gsm8k"}""", ", \"lora\": {\"rank\": 4, \"targets\": [\"dense\"]}"));
    }

    [Fact]
    public async Task OpenAIs_clients_train_a_decoder_on_conversations_if_it_has_a_chat_template()
    {
        await using var service = await WorkingService.StartAsync();
        using var folder = new TestFolder();
        var stories = RealData.Path("weights", "llama-stories260K");
        foreach (var name in (string[])["config.json", "model.safetensors", "tokenizer.json"])
            folder.Copy(Path.Combine(stories, name), name);
        folder.File("chat_template.jinja",
            "{{ bos_token }}{% for message in messages %}{{ message['content'] + ' ' }}{% if message['role'] == "
            + "'assistant' %}{{ eos_token }}{% endif %}{% endfor %}");
        folder.File("tokenizer_config.json", """{"bos_token": "<s>", "eos_token": "</s>"}""");
        await RegisterAsync(service);
        await RegisterAsync(service, "talks", folder.Path);
        var lines = string.Join('\n', Enumerable.Range(0, 24)
            .Select(i => $$"""{"messages": [{"role": "user", "content": "Hello {{i}}"}, {"role": "assistant", "content": "Hi"}]}"""));
        using var form = new MultipartFormDataContent { { new StringContent("fine-tune"), "purpose" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(lines)), "file", "chat.jsonl" } };
        var file = await (await service.Http.PostAsync("/v1/files", form)).Content.ReadFromJsonAsync<JsonElement>();
        string Body(string model, string more = "") =>
            $$"""{"model": "{{model}}", "training_file": "{{file.GetProperty("id").GetString()}}"{{more}}}""";

        using (var refused = await service.Http.PostAsync("/v1/fine_tuning/jobs",
            new StringContent(Body("stories"), null, "application/json")))
        {
            Assert.Equal(400, (int)refused.StatusCode);
            var error = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
            Assert.Equal("model", error.GetProperty("param").GetString());
            Assert.StartsWith("model: has no chat template, which conversations require.", error.GetProperty("message").GetString());
        }
        var job = await service.PostAsync("/v1/fine_tuning/jobs",
            Body("talks",
            """, "method": {"type": "lora-drop", "lora_drop": {"task": {"preset": "chat", "decoding": {"maxNewTokens": 4}}, "training": {"epochs": 1}}}"""));
        var ended = await service.WaitForAsync($"/v1/fine_tuning/jobs/{job.GetProperty("id").GetString()}",
            j => WorkingService.Status(j) is "succeeded" or "failed");
        Assert.True(WorkingService.Status(ended) == "succeeded", $"{ended}");
    }

    private static Task RegisterAsync(WorkingService service) =>
        RegisterAsync(service, "stories", RealData.Path("weights", "llama-stories260K"));

    private static async Task RegisterAsync(WorkingService service, string name, string folder)
    {
        await service.PostAsync("/models", JsonSerializer.Serialize(new { name, source = $"file:{folder}" }));
        var model = await service.WaitForAsync($"/models/{name}", m => WorkingService.Status(m) != "preparing");
        Assert.Equal("ready", WorkingService.Status(model));
    }
}
