using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>What is read before every text: prompt tuning, P-tuning and prefix tuning, against PEFT and against themselves.</summary>
public sealed class PrefaceFacts : IDisposable
{
    private static readonly string[] Methods =
        ["prompt_tuning", "p_tuning_mlp", "p_tuning_lstm", "prefix_tuning", "prefix_tuning_projection"];

    private readonly TestFolder _folder = new();

    /// <summary>PEFT classifies a padded row of a decoder by its last column (Golden/README.md), so that case has no reference for
    /// batches.</summary>
    public static TheoryData<string, string> Cases => [.. All.Where(at => at != ("llama-tiny-classifier", "prompt_tuning"))];

    public static TheoryData<string, string> Trained => [.. All];

    private static IEnumerable<(string, string)> All =>
    [
        .. from model in (string[])["roberta-tiny", "llama-tiny"] from @case in Methods select (model, @case),
        .. from model in (string[])["bert-tiny", "llama-tiny-classifier"] from @case in (string[])["prompt_tuning", "prefix_tuning"]
           select (model, @case),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void It_gives_the_logits_gradients_and_AdamW_steps_of_PEFT(string model, string @case)
    {
        using var expected = new MethodCase(model, @case, NameOf(@case));
        using var adapter = Place(expected.Model, Settings(@case));
        adapter.Load(expected.Initial, @case);
        expected.AssertReproduced(adapter.Parameters, loss: LossOf(expected));
        Assert.Equal(expected.Json.GetProperty("trainable_parameters").GetInt64(), adapter.Counts.AdapterAndHead);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Layers_that_are_computed_again_give_the_same_gradients(string model, string @case)
    {
        using var expected = new MethodCase(model, @case, NameOf(@case));
        using var adapter = Place(expected.Model, Settings(@case));
        adapter.Load(expected.Initial, @case);
        expected.Model.Backbone.Recomputes = true;
        using var scope = NewDisposeScope();
        LossOf(expected)().backward();
        foreach (var (name, gradient) in expected.Gradients)
            MethodCase.AssertClose(gradient, adapter.Parameters.GradientOf(name), MethodCase.GradientBound, name);
    }

    [Theory, MemberData(nameof(Cases))]
    public void PEFTs_trained_adapter_loads_and_gives_its_logits(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var adapter = PeftAdapter.Read(Path.Combine(expected.Folder, $"adapter_{@case}_trained"), expected.Model);
        expected.AssertLogits(expected.LogitsAfter, "logits");
    }

    [Theory, MemberData(nameof(Trained))]
    public void What_is_written_has_PEFTs_keys_shapes_and_configuration_and_computes_the_same(string model, string @case)
    {
        using var expected = new MethodCase(model, @case, NameOf(@case));
        var logits = Logits(expected, () =>
        {
            using var adapter = Place(expected.Model, Settings(@case));
            adapter.Load(expected.Initial, @case);
            PeftAdapter.Write(_folder.Path, expected.Model, adapter, [], model);
            return expected.Golden.Logits();
        });
        var theirs = Path.Combine(expected.Folder, $"adapter_{@case}");
        Assert.Equal(Shapes(theirs), Shapes(_folder.Path));
        Assert.True(JsonNode.DeepEquals(Config(theirs), Config(_folder.Path)), Config(_folder.Path).ToJsonString());
        var again = Logits(expected, () =>
        {
            using var adapter = PeftAdapter.Read(_folder.Path, expected.Model);
            return expected.Golden.Logits();
        });
        MethodCase.AssertClose(logits, again, 1e-6, "logits");
    }

    [Fact]
    public void A_decoder_classifies_a_text_by_its_own_last_token_whatever_the_batch()
    {
        using var expected = new MethodCase("llama-tiny-classifier", "prompt_tuning", NameOf("prompt_tuning"));
        using var adapter = Place(expected.Model, Settings("prompt_tuning"));
        adapter.Load(expected.Initial, "prompt_tuning");
        var model = (SequenceClassifier)expected.Model;
        using var _ = no_grad();
        var together = model.Forward(expected.Golden.Batch);
        foreach (var row in Enumerable.Range(0, expected.Golden.Set.Count))
        {
            using var alone = expected.Golden.Set.Batch([row], model);
            MethodCase.AssertClose(model.Forward(alone), together.narrow(0, row, 1), MethodCase.LogitBound, $"row {row}");
        }
        // a row without padding is PEFT's
        MethodCase.AssertClose(expected.Logits.narrow(0, 0, 1), together.narrow(0, 0, 1), MethodCase.LogitBound, "row 0");
    }

    public static TheoryData<string, int?> Windows => [.. from @case in Methods from window in (int?[])[null, 6] select (@case, window)];

    [Theory, MemberData(nameof(Windows))]
    public void Packed_padded_and_single_texts_give_the_same(string @case, int? window)
    {
        using var model = TinyDecoder.Model(TinyDecoder.Config with { Windows = [null, window, window] });
        using var adapter = Place(model, Settings(@case));
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var texts = TinyDecoder.Texts(9, 4, 7);
        using TokenBatch packed = TokenBatch.Packed(texts, CPU), padded = TokenBatch.Of(texts, 0, CPU),
            left = TokenBatch.EndingTogether(texts, 0, CPU);
        Tensor inOne = model.Forward(packed), inRows = model.Forward(padded), atTheRight = model.Forward(left); // (1, 20, V), (3, 9, V)
        foreach (var (i, text) in texts.Index())
        {
            using var alone = TokenBatch.Of([text], 0, CPU);
            var expected = model.Forward(alone)[0];                              // (T, V)
            var T = text.Ids.Length;
            MethodCase.AssertClose(expected, inOne[0].narrow(0, packed.PlaceOf(i, 0), T), 2e-5, $"text {i} packed");
            MethodCase.AssertClose(expected, inRows[i].narrow(0, 0, T), 2e-5, $"text {i} padded");
            MethodCase.AssertClose(expected, atTheRight[i].narrow(0, 9 - T, T), 2e-5, $"text {i} padded on the left");
        }
    }

    [Theory, MemberData(nameof(Windows))]
    public void It_stays_in_the_cache_when_text_is_generated(string @case, int? window)
    {
        using var model = TinyDecoder.Model(TinyDecoder.Config with { Windows = [null, window, window] });
        using var adapter = Place(model, Settings(@case));
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var texts = TinyDecoder.Texts(9, 5, 8);
        const int Known = 4;
        using var whole = TokenBatch.Of(texts, 0, CPU);
        var expected = model.Forward(whole);                                     // (3, 9, V)
        using var cache = new KeyValueCache(model.Config.Layers);
        // the second begins with two tokens, the others with four: padded on the left
        int[] begun = [Known, 2, Known];
        var beginnings = texts.Zip(begun, (text, n) => new TokenizedText(text.Ids[..n], new int[n]));
        using var first = TokenBatch.EndingTogether([.. beginnings], 0, CPU);
        var logits = model.Next(first, cache);                                   // (3, V)
        for (var step = 0; ; step++)
        {
            foreach (var (i, n) in begun.Index()) MethodCase.AssertClose(expected[i, n - 1 + step], logits[i], 3e-5, $"{i} at {n + step}");
            if (step == 2) break;
            using var next = TokenBatch.Next(tensor(texts.Zip(begun, (text, n) => (long)text.Ids[n + step]).ToArray()).unsqueeze(1),
                tensor(begun.Select(n => (long)n + step).ToArray()).unsqueeze(1));
            logits = model.Next(next, cache);                                    // (3, V)
        }
    }

    [Theory]
    [InlineData("prompt_tuning")]
    [InlineData("prefix_tuning")]
    public void Gradients_are_the_slopes_of_the_loss_with_dropout_on_attention(string @case)
    {
        using var tiny = new TinyClassifier(dropout: 0.3, method: Settings(@case));
        var set = TinyClassifier.Texts(4, 3);
        using var batch = set.Batch([0, 1, 2, 3], tiny.Model);
        double Loss()
        {
            using var scope = NewDisposeScope();
            tiny.Model.Masks.BeginPass(1, "test", 1, CPU);
            var loss = set.LossSum(tiny.Model, batch, [0, 1, 2, 3]);
            loss.backward();
            return loss.item<float>();
        }
        Loss();
        var (values, g) = (tiny.Adapter.Parameters.Values, tiny.Adapter.Parameters.Gradients.clone());
        foreach (var at in (int[])[0, 5, 33, 100])
        {
            using var _ = no_grad();
            double Moved(double by)
            {
                values.narrow(0, at, 1).Plus_(by);
                double loss;
                using (enable_grad()) loss = Loss();
                values.narrow(0, at, 1).Plus_(-by);
                return loss;
            }
            Assert.Equal((Moved(1e-2) - Moved(-1e-2)) / 2e-2, g[at].item<float>(), 2e-3);
        }
        g.Dispose();
    }

    [Fact]
    public void More_tokens_than_a_text_leaves_are_refused_with_the_numbers()
    {
        using var golden = new GoldenModel("roberta-tiny");
        var positions = golden.Model.Config.LongestText;
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() =>
            Place(golden.Model, new PromptTuningSettings { Tokens = positions - 3 })).Faults);
        Assert.Equal("promptTuning.tokens", fault.Path);
        Assert.Contains($"at most {positions - 4}", fault.Message);
        using var fits = Place(golden.Model, new PromptTuningSettings { Tokens = positions - 4 });
        Assert.Equal(4, golden.Model.Config.LongestText);
    }

    [Fact]
    public void A_vocabularys_embeddings_are_the_start_of_prompt_tuning()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Place(golden.Model, new PromptTuningSettings { Tokens = 7 });
        using var scope = NewDisposeScope();
        var apart = adapter.Parameters["prompt_embeddings"].unsqueeze(1) - golden.Model.Backbone.Word.Value; // (P, V, d)
        Assert.Equal(0, apart.abs().sum(-1).amin([1]).max().item<float>());
    }

    [Fact]
    public void A_model_is_as_before_once_it_is_taken_off()
    {
        using var golden = new GoldenModel("llama-tiny");
        using var _ = no_grad();
        var (before, longest) = (golden.Logits(), golden.Model.Config.LongestText);
        Place(golden.Model, new PrefixTuningSettings { Tokens = 3 }).Dispose();
        Assert.Equal(longest, golden.Model.Config.LongestText);
        MethodCase.AssertClose(before, golden.Logits(), 0, "logits");
    }

    public void Dispose() => _folder.Dispose();

    private static Adapter Place(FrozenModel model, MethodSettings settings) =>
        new(model, [], SharingPlan.OwnEverywhere([]), settings, trainHead: model is SequenceClassifier, 1);

    private static PrefaceSettings Settings(string @case) => @case switch
    {
        "prompt_tuning" => new PromptTuningSettings { Tokens = 4, Start = PromptStart.Random },
        "p_tuning_mlp" => new PTuningSettings { Tokens = 4, Width = 24 },
        "p_tuning_lstm" => new PTuningSettings { Tokens = 4, Width = 8, Encoder = PromptEncoderKind.Lstm },
        "prefix_tuning" => new PrefixTuningSettings { Tokens = 4 },
        _ => new PrefixTuningSettings { Tokens = 4, Projection = 24 },
    };

    /// <summary>The loss of PEFT, for which the last word of a preface predicts the first token where that is a target; in training here
    /// it is none, because a text begins with a prompt.</summary>
    private static Func<Tensor> LossOf(MethodCase expected) => () =>
    {
        var golden = expected.Golden;
        if (golden.Model is not LanguageModel { Preface: { HasKeys: false, Length: var P } } model) return golden.Loss();
        using var scope = NewDisposeScope();
        var hidden = new List<Tensor>();
        model.Decoder.Forward(golden.Batch, hidden);
        var (last, labels) = (hidden[^1], GoldenModel.TensorOf(golden.At("batch", "labels")).to(ScalarType.Int64)); // (B, P + T, d), (B, T)
        var next = last.narrow(1, P - 1, labels.shape[1]).matmul(model.Output.Value.t()); // (B, T, V), of the tokens of the text
        var loss = nn.functional.cross_entropy(next.flatten(0, 1), labels.flatten(), ignore_index: -100); // ()
        foreach (var state in hidden) state.Dispose();
        return loss.MoveToOuterDisposeScope();
    };

    /// <summary>What no network makes has in training the name that it has in files.</summary>
    private static Func<string, string> NameOf(string @case) => name =>
        @case is "prompt_tuning" or "prefix_tuning" && name == "prompt_encoder.embedding.weight" ? "prompt_embeddings" : name;

    private static Tensor Logits(MethodCase at, Func<Tensor> compute)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return compute().DetachFromDisposeScope();
    }

    private static Dictionary<string, string> Shapes(string folder)
    {
        using var file = SafeTensorsFile.Open(Path.Combine(folder, PeftAdapter.WeightsFile));
        return file.Names.Order(StringComparer.Ordinal).ToDictionary(name => name, name => string.Join(", ", file.ShapeOf(name)));
    }

    /// <summary>The configuration, without PEFT's version; it names the modules of a head twice.</summary>
    private static JsonObject Config(string folder)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftAdapter.ConfigFile)))!.AsObject();
        json.Remove("peft_version");
        if (json["modules_to_save"] is JsonArray modules)
            json["modules_to_save"] = new JsonArray([.. modules.Select(module => module!.GetValue<string>()).Distinct()
                .Select(module => JsonValue.Create(module))]);
        return json;
    }
}
