using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>The engine against PyTorch, transformers and PEFT (Golden/README.md).</summary>
public sealed class GoldenFacts
{
    private const double Logits = 2e-5, Hidden = 7e-6, Loss = 1e-5, Gradient = 7e-6, AfterAdamW = 2e-6;

    public static TheoryData<string> Models =>
        new("roberta-tiny", "roberta-tiny-regression", "bert-tiny", "llama-tiny", "llama-tiny-eps1e-5", "llama-tiny-classifier");

    /// <summary>Those with a classification or regression head.</summary>
    private static readonly string[] Classifiers = ["roberta-tiny", "roberta-tiny-regression", "bert-tiny", "llama-tiny-classifier"];

    public static TheoryData<string, string> Cases =>
    [
        .. from model in Models.Select(m => m.Data) from @case in (string[])["lora", "lora_drop"] select (model, @case),
        .. from model in Classifiers from @case in (string[])["lora_head", "lora_drop_head"] select (model, @case),
        ("llama-tiny", "lora_nlg"), ("llama-tiny", "lora_drop_nlg"),
        .. from model in (string[])["roberta-tiny", "bert-tiny", "llama-tiny"] from @case in (string[])["vera", "dora", "adalora"]
           select (model, @case),
    ];

    [Theory, MemberData(nameof(Models))]
    public void The_base_model_computes_what_transformers_computes(string name)
    {
        using var golden = new GoldenModel(name);
        using var _ = no_grad();
        var hidden = new List<Tensor>();
        golden.Model.Backbone.Forward(golden.Batch, hidden);
        golden.AssertClose(golden.At("base", "logits"), golden.Logits(), Logits, "logits");
        Assert.Equal(golden.At("base", "loss").GetDouble(), golden.Loss().item<float>(), Loss);
        foreach (var (layer, expected) in golden.At("base", "hidden_states").EnumerateArray().Index())
            golden.AssertClose(expected, hidden[layer], Hidden, $"hidden state {layer}");
    }

    [Theory, MemberData(nameof(Cases))]
    public void An_adapter_gives_the_logits_gradients_and_AdamW_steps_of_PEFT(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(@case);
        golden.AssertClose(golden.At(@case, "logits"), golden.Logits(), Logits, "logits");

        using var adamw = new AdamW(adapter.Parameters, weightDecay: 0.01);
        foreach (var (step, expected) in golden.At(@case, "step_losses", "data").EnumerateArray().Index())
        {
            var loss = golden.Loss();
            Assert.Equal(expected.GetDouble(), loss.item<float>(), Loss);
            loss.backward();
            if (step == 0)
                foreach (var gradient in golden.At(@case, "gradients").EnumerateObject())
                    golden.AssertClose(gradient.Value, adapter.Parameters.GradientOf(gradient.Name), Gradient, gradient.Name);
            adamw.Step(step + 1, [new(adapter.Parameters.Values.numel(), 1e-3)]);
        }
        foreach (var after in golden.At(@case, "after_adamw").EnumerateObject())
            golden.AssertClose(after.Value, adapter.Parameters[after.Name], AfterAdamW, after.Name);
        Assert.Equal(golden.At(@case, "loss_after").GetDouble(), golden.Loss().item<float>(), Loss);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Every_trained_number_is_one_that_PEFT_trains(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(@case);
        Assert.Equal(golden.At(@case, "initial").EnumerateObject().Select(p => p.Name).Order(), adapter.Parameters.Names.Order());
    }
}
