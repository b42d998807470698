using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Whole runs of a language model: LoRA-drop on prompts, and answers in the end.</summary>
public sealed class GenerationRunFacts : IDisposable
{
    private readonly TinyTask _task = new(generates: true);

    public void Dispose() => _task.Dispose();

    [Fact]
    public void A_model_learns_to_answer_and_its_answers_are_scored_and_kept()
    {
        var request = _task.Request(json => (json["training"]!["epochs"], json["training"]!["learningRate"], json["lora"]!["targets"],
            json["lora"]!["rank"]) = (40, 0.03, new JsonArray("all-linear"), 4));
        var (result, events) = _task.Run(request, _task.Out());
        var first = events.OfType<RunEvent.Evaluated>().First(e => e.Stage == Stage.TaskAdaptation).Scores["perplexity"];
        Assert.Equal("perplexity", result!.Scores.Primary);
        Assert.True(result.Scores.PrimaryValue < first / 2, $"{first} → {result.Scores.PrimaryValue}");
        Assert.Equal(result.Scores.PrimaryValue, result.History.Min(h => h.Scores.PrimaryValue)); // the lower the better
        Assert.Equal(("validation", "rouge"), (result.Generated!.Split, result.Generated.Scores.Primary));
        Assert.True(result.Generated.Scores.PrimaryValue > 50, File.ReadAllText(Path.Combine(_task.Out(), RunFolder.AnswersFile)));
        var lines = File.ReadAllLines(Path.Combine(_task.Out(), RunFolder.AnswersFile)).Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        Assert.Equal(result.Generated.Prompts, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("the ", line.GetProperty("prompt").GetString()));
        Assert.Equal(7, result.Kept.Count); // every type of a decoder's linear layers
    }

    [Fact]
    public void A_run_that_is_stopped_at_any_event_and_goes_on_leaves_the_same_bytes()
    {
        var events = _task.Run(_task.Request(), _task.Out("whole")).Events;
        foreach (var stopAt in new[] { 2, 5, 8, events.Count / 2 })
        {
            var folder = _task.Out($"stopped at {stopAt}");
            Assert.Null(_task.Run(_task.Request(), folder, stopAt).Result);
            Assert.NotNull(_task.Run(_task.Request(), folder).Result);
            foreach (var file in (string[])["adapter/adapter_model.safetensors", "importance.json", RunFolder.AnswersFile])
                Assert.Equal(File.ReadAllBytes(Path.Combine(_task.Out("whole"), file)), File.ReadAllBytes(Path.Combine(folder, file)));
        }
    }

    [Fact]
    public void Texts_that_share_a_row_are_learnt_as_each_by_itself()
    {
        using var model = LanguageModel.Open(_task.Model, CPU);
        var encoder = new PromptEncoder(_task.Model, model.Config, 64, _task.Request().Task.TextChoices);
        var set = encoder.Encode(PromptFile.Read(_task.Files.Train, _task.Request().Task).Prompts, out _);
        int[] all = [.. Enumerable.Range(0, 16)];
        var sites = AdapterSites.Find(model, ["all-linear"]);
        using var adapter = new Adapter(model, sites, SharingPlan.OwnEverywhere(sites.Select(s => s.Site)),
            new LoraSettings { Rank = 2, Alpha = 4 }, trainHead: false, 1);
        float[] Gradients(TokenBatch batch)
        {
            using var scope = NewDisposeScope();
            set.LossSum(model, batch, all).backward();
            var gradients = adapter.Parameters.Gradients.data<float>().ToArray();
            adapter.Parameters.Gradients.zero_();
            return gradients;
        }
        using TokenBatch apart = set.Batch(all, model), packed = set.Packed(all, model);
        Assert.True(packed.Ids.numel() < apart.Ids.numel());
        var (one, other) = (Gradients(apart), Gradients(packed));
        var largest = one.Max(Math.Abs);
        Assert.True(largest > 0);
        Assert.All(one.Zip(other), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * largest));
    }

    [Fact]
    public void Rows_that_are_too_long_are_cut_left_out_or_refused_as_the_settings_say()
    {
        var texts = _task.Request().Task.TextChoices;
        var lengths = new PromptEncoder(_task.Model, (DecoderConfig)ModelConfig.Read(_task.Model), 64,
            texts).Encode(PromptFile.Read(_task.Files.Train, _task.Request().Task).Prompts, out _).Lengths;
        var most = lengths.Order().ElementAt(20);
        var tooLong = lengths.Count(length => length > most);
        Assert.InRange(tooLong, 1, 20);
        JobRequest Request(string overlong) =>
            _task.Request(json => (json["task"]!["text"]!["overlong"], json["training"]!["maxLength"]) = (overlong, most));
        string Remark(string overlong) => _task.Run(Request(overlong), _task.Out(overlong), stopAt: 4).Events.OfType<RunEvent.Remark>()
            .Select(remark => remark.Text).First(text => text.Contains("tokens"));
        Assert.Equal($"{tooLong} of 40 training rows have more than {most} tokens; their prompts are cut from the left.", Remark("cut"));
        Assert.Equal($"{tooLong} of 40 training rows have more than {most} tokens and are left out.", Remark("drop"));
        var refused = Assert.Throws<RefusedInputException>(() => _task.Run(Request("refuse"), _task.Out("refuse")));
        Assert.Matches($"^train.tsv row [0-9]+ .line [0-9]+.: has more than {most} tokens with its answer", refused.Message);
        Assert.Equal(tooLong, refused.Faults.Count);
    }

    [Fact]
    public void A_validation_set_of_which_nothing_is_left_is_refused()
    {
        var request = _task.Request(json => json["task"]!["text"]!["overlong"] = "drop");
        File.WriteAllText(_task.Files.Validation!, $"text\tmood\n{string.Join(' ', Enumerable.Repeat("good", 80))}\tgood\n");
        Assert.Contains("dev.tsv: has no row of at most 64 tokens to evaluate on",
            Assert.Throws<RefusedInputException>(() => _task.Run(request, _task.Out())).Message);
    }

    [Fact]
    public void What_is_cut_is_the_left_of_the_prompt_and_never_the_answer()
    {
        using var model = LanguageModel.Open(_task.Model, CPU);
        var prompt = new Prompt("", "one two three four five six seven eight nine ten", " yes", [" yes"], "", null);
        var texts = _task.Request().Task.TextChoices;
        var (whole, cut) = (new PromptEncoder(_task.Model, model.Config, 64, texts).Encode(prompt),
            new PromptEncoder(_task.Model, model.Config, 12, texts).Encode(prompt));
        Assert.Equal((false, true, 12), (whole.Cut, cut.Cut, cut.Text.Ids.Length));
        Assert.Equal(whole.Learnt.Select(place => whole.Text.Ids[place]), cut.Learnt.Select(place => cut.Text.Ids[place]));
        Assert.Equal(whole.Text.Ids[0], cut.Text.Ids[0]); // the token that begins every text
    }

    [Fact]
    public void A_prompt_that_leaves_no_room_to_answer_is_cut_and_that_is_said()
    {
        using var model = LanguageModel.Open(_task.Model, CPU);
        var encoder = new PromptEncoder(_task.Model, model.Config, 64, _task.Request().Task.TextChoices);
        Prompt[] prompts = [.. new[] { 1, model.Config.LongestText }.Select(words =>
            new Prompt("", string.Join(' ', Enumerable.Repeat("good", words)), "", [], "", null))];
        var decoding = new DecodingSettings { MaxNewTokens = 4 };
        var answers = Answers.Of(model, encoder, prompts, decoding, 42, CancellationToken.None);
        Assert.Equal("1 of 2 prompts left too little room for an answer; they were cut from the left.", answers.Remark);
        Assert.Equal(model.Config.LongestText - 4, encoder.EncodeToAnswer(prompts[1], 4).Ids.Length);
        Assert.Null(Answers.Of(model, encoder, prompts[..1], decoding, 42, CancellationToken.None).Remark);
    }

    [Fact]
    public void An_answer_ends_with_the_token_of_config_json_where_the_tokenizer_names_none()
    {
        foreach (var file in (string[])["special_tokens_map.json", "tokenizer_config.json"]) File.Delete(Path.Combine(_task.Model, file));
        var tokenizer = Path.Combine(_task.Model, "tokenizer.json");
        File.WriteAllText(tokenizer, File.ReadAllText(tokenizer).Replace("</s>", "<fin>"));
        var encoder = new PromptEncoder(_task.Model, (DecoderConfig)ModelConfig.Read(_task.Model), 64, _task.Request().Task.TextChoices);
        Assert.Null(encoder.Tokenizer.EndId);
        Assert.Equal(2, encoder.Encode(new Prompt("", "one", " yes", [" yes"], "", null)).Text.Ids[^1]); // eos_token_id
    }

    [Fact]
    public void An_encoder_generates_nothing()
    {
        using var other = new TinyTask();
        var request = _task.Request(json => json["model"] = other.Model);
        Assert.Contains("is an encoder (roberta), which generates no text",
            Assert.Throws<RefusedInputException>(() => other.Run(request, other.Out(), inputs: new(other.Model, other.Files))).Message);
    }

    [Fact]
    public void A_decoder_classifies_by_its_last_token()
    {
        var (result, _) =
            _task.Run(_task.Request(json => (json["task"], json["training"]!["epochs"]) =
                (JsonNode.Parse("""{"kind": "classification", "columns": {"first": "text", "label": "mood"}}"""), 12)), _task.Out());
        Assert.True(result!.Scores.PrimaryValue > 0.9, $"{result.Scores.PrimaryValue}");
        Assert.Null(result.Generated);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nf4")]
    public void The_adapter_of_a_run_answers_as_it_did_in_the_run(string? weights)
    {
        var (result, _) = _task.Run(_task.Request(json => json["training"]!["weights"] = weights), _task.Out());
        using var trained = TrainedAdapter.Open(Path.Combine(_task.Out(), "adapter"), null, CPU);
        var prompts = Prompt.Grouped(PromptFile.Read(_task.Files.Validation!, trained.Task).Prompts);
        var answers = Answers.Of(trained.LanguageModel, trained.Prompts, prompts, trained.Task.Decoding!, 42, CancellationToken.None);
        Assert.Equal(File.ReadAllText(Path.Combine(_task.Out(), RunFolder.AnswersFile)), answers.ToJsonLines());
        Assert.Equal(result!.Generated!.Scores.Values, answers.ScoresBy(trained.Task.Metric).Values);
        Assert.All(trained.Adapter.Sites, site => Assert.Equal(weights is not null, site.Linear.Matrix is Nf4Matrix));
        Assert.Throws<RefusedInputException>(() => trained.Classifier);
    }
}
