using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>P-tuning: the words before every text are outputs of a network over trained embeddings (Liu et al. 2021, section 3.2; the
/// networks are PEFT's).</summary>
internal sealed class PTuning(Placement at, PTuningSettings settings) : PrefaceTuning(at, settings)
{
    private const string Embedding = "prompt_encoder.embedding.weight", Head = "prompt_encoder.mlp_head", Lstm = "prompt_encoder.lstm_head";

    private readonly bool _isLstm = settings.Encoder == PromptEncoderKind.Lstm;
    private readonly long _d = at.Model.Config.Hidden, _h = settings.Width;

    public override IReadOnlyList<TrainedTensor> Trained =>
    [
        new(Embedding, [settings.Tokens, _d]) { Initial = Normal },
        .. _isLstm
            ? (TrainedTensor[])[
                .. Enumerable.Range(0, settings.LstmLayers)
                    .SelectMany(layer => Cell($"l{layer}", layer).Concat(Cell($"l{layer}_reverse", layer))),
                .. LinearOf($"{Head}.0", 2 * _h, 2 * _h), .. LinearOf($"{Head}.2", 2 * _h, _d)]
            : [.. LinearOf($"{Head}.0", _d, _h), .. LinearOf($"{Head}.2", _h, _h), .. LinearOf($"{Head}.4", _h, _d)],
    ];

    public override IReadOnlyDictionary<string, JsonNode?> PeftFields => new Dictionary<string, JsonNode?>(base.PeftFields)
    {
        ["encoder_dropout"] = 0.0,
        ["encoder_hidden_size"] = settings.Width,
        ["encoder_num_layers"] = settings.LstmLayers,
        ["encoder_reparameterization_type"] = _isLstm ? "LSTM" : "MLP",
        ["peft_type"] = "P_TUNING",
    };

    protected override Preface PrefaceOf(FlatParameters values) => new Spoken(settings.Tokens, () => Read(values));

    protected override Tensor Read(FlatParameters values)                        // (P, d)
    {
        using var scope = NewDisposeScope();
        var x = values[Embedding];                                               // (P, d)
        if (!_isLstm)
        {
            x = Linear(x, values, $"{Head}.0").relu();                           // (P, h)
            x = Linear(x, values, $"{Head}.2").relu();                           // (P, h)
            return Linear(x, values, $"{Head}.4").MoveToOuterDisposeScope();     // (P, d)
        }
        for (var layer = 0; layer < settings.LstmLayers; layer++)                // (P, 2h)
            x = cat([Along(x, values, $"l{layer}"), Along(x.flip(0), values, $"l{layer}_reverse").flip(0)], 1);
        return Linear(Linear(x, values, $"{Head}.0").relu(), values, $"{Head}.2").MoveToOuterDisposeScope(); // (P, d)
    }

    /// <summary>One direction of an LSTM layer, from the first row to the last: i, f, o = σ(·), g = tanh(·) of W x + U h + b;
    /// c ← f∘c + i∘g, h ← o∘tanh(c) (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).</summary>
    private Tensor Along(Tensor x, FlatParameters values, string cell)           // (P, ·) → (P, h)
    {
        using var scope = NewDisposeScope();
        Tensor Of(string name) => values[$"{Lstm}.{name}_{cell}"];
        var U = Of("weight_hh");                                                 // (4h, h)
        var Wx = nn.functional.linear(x, Of("weight_ih"), Of("bias_ih").Plus(Of("bias_hh"))); // (P, 4h)
        Tensor h = x.new_zeros(1, _h), c = x.new_zeros(1, _h);                   // (1, h)
        var outputs = new List<Tensor>();
        for (var t = 0; t < x.shape[0]; t++)
        {
            var gates = Wx.narrow(0, t, 1).Plus(nn.functional.linear(h, U));     // (1, 4h)
            Tensor Gate(int n) => gates.narrow(1, n * _h, _h);                   // (1, h), in torch's order: i, f, g, o
            c = (Gate(1).sigmoid() * c).Plus(Gate(0).sigmoid() * Gate(2).tanh()); // (1, h)
            h = Gate(3).sigmoid() * c.tanh();                                    // (1, h)
            outputs.Add(h);
        }
        return cat([.. outputs], 0).MoveToOuterDisposeScope();                   // (P, h)
    }

    /// <summary>The tensors of one direction of a layer, with torch's initialisation: uniform in ±1/√h.</summary>
    private TrainedTensor[] Cell(string cell, int layer)
    {
        Tensor Initial(long[] shape, long seed, string name) => InitialValues.Uniform(shape, 1 / Math.Sqrt(_h), seed, name);
        TrainedTensor Of(string name, params long[] shape) => new($"{Lstm}.{name}_{cell}", shape) { Initial = Initial };
        var from = layer == 0 ? _d : 2 * _h;
        return [Of("weight_ih", 4 * _h, from), Of("weight_hh", 4 * _h, _h), Of("bias_ih", 4 * _h), Of("bias_hh", 4 * _h)];
    }
}
