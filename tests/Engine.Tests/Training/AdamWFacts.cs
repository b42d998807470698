using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>The two forms of AdamW, against the formulas in double precision.</summary>
public sealed class AdamWFacts
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Eps_and_decay_come_where_each_library_has_them(bool transformers)
    {
        const double Rate = 0.1, Decay = 0.5, Beta1 = 0.9, Beta2 = 0.999;
        using var parameters = new FlatParameters([("w", [2])], CPU);
        using var adamw = new AdamW(parameters, Decay, form: transformers ? AdamForm.Transformers : AdamForm.Torch);
        parameters.Set("w", tensor(new[] { 1f, -2f }));
        double[] g = [1e-6, 3], w = [1, -2], m = [0, 0], v = [0, 0];             // the first gradient is of ε's size
        for (var t = 1; t <= 3; t++)
        {
            using var scope = NewDisposeScope();
            parameters.Gradients.copy_(tensor(new[] { 1e-6f, 3f }));
            adamw.Step(t, [new(2, Rate)]);
            for (var i = 0; i < 2; i++)
            {
                (m[i], v[i]) = (Beta1 * m[i] + (1 - Beta1) * g[i], Beta2 * v[i] + (1 - Beta2) * g[i] * g[i]);
                var (first, second) = (1 - Math.Pow(Beta1, t), 1 - Math.Pow(Beta2, t));
                w[i] = transformers
                    ? (w[i] - Rate * Math.Sqrt(second) / first * m[i] / (Math.Sqrt(v[i]) + 1e-6)) * (1 - Rate * Decay)
                    : w[i] * (1 - Rate * Decay) - Rate * (m[i] / first) / (Math.Sqrt(v[i] / second) + 1e-8);
                Assert.Equal(w[i], parameters["w"].data<float>()[i], 1e-6);
            }
            Assert.Equal(0, parameters.Gradients.abs().max().item<float>());
        }
    }
}
