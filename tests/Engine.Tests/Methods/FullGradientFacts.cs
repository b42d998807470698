using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Weights of the model itself that learn, against transformers.</summary>
public sealed class FullGradientFacts
{
    public static TheoryData<string, string, bool> Cases =>
    [
        .. from @case in (string[])["full", "bitfit", "bitfit_head", "last_quarter", "last_quarter_head"]
           from recomputes in (bool[])[false, true]
           select ("roberta-tiny", @case, recomputes),
        .. from @case in (string[])["full", "last_quarter", "last_quarter_head"]
           from recomputes in (bool[])[false, true]
           select ("llama-tiny", @case, recomputes),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void Learning_weights_give_the_logits_gradients_and_AdamW_steps_of_transformers(string model, string @case, bool recomputes)
    {
        using var expected = new MethodCase(model, @case);
        expected.Model.Backbone.Recomputes = recomputes;
        var parameters = expected.Model.Parameters.ToDictionary(parameter => parameter.Name);
        using var learning = new FlatParameters([.. expected.Trainable.Select(name => (name, parameters[name].Frozen.shape))], CPU);
        foreach (var name in learning.Names)
        {
            learning.Set(name, expected.Initial[name]);
            parameters[name].Learn(learning[name]);
        }
        expected.AssertReproduced(learning);
    }

    [Theory]
    [InlineData("roberta-tiny")]
    [InlineData("llama-tiny")]
    public void A_models_parameters_are_those_of_transformers(string model)
    {
        using var expected = new MethodCase(model, "full");
        Assert.Equal(expected.Trainable.Order(), expected.Model.Parameters.Select(parameter => parameter.Name).Order());
        foreach (var parameter in expected.Model.Parameters) Assert.Equal(expected.Initial[parameter.Name], parameter.Frozen);
    }
}
