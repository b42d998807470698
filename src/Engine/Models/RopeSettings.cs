namespace LoraDrop.Engine.Models;

/// <summary>How a rotary embedding is scaled beyond the positions that a model was trained on.</summary>
public enum RopeKind
{
    /// <summary>Not scaled (Su et al. 2021).</summary>
    Default,

    /// <summary>Positions are divided by the factor (Chen et al. 2023).</summary>
    Linear,

    /// <summary>The base grows with the longest text of a batch, once it exceeds the trained positions; cached keys keep their angles, as
    /// in transformers.</summary>
    Dynamic,

    /// <summary>Llama 3.1: low frequencies are divided by the factor, high ones are unchanged, those between are blended.</summary>
    Llama3,

    /// <summary>YaRN (Peng et al. 2023): as Llama 3.1's, with another ramp, and attention is scaled.</summary>
    Yarn,
}

/// <summary>The rotary position embedding of a config.json: <c>rope_theta</c> and <c>rope_scaling</c> (or both in <c>rope_parameters</c>,
/// in newer files).</summary>
/// <param name="Kind">The scaling.</param>
/// <param name="Base">θ, the base of the frequencies; default 10,000.</param>
/// <param name="Factor">How many times longer texts may be; at least 1.</param>
/// <param name="Original">Positions that the model was trained on before scaling.</param>
/// <param name="LowFrequency">Llama 3.1: <c>low_freq_factor</c>.</param>
/// <param name="HighFrequency">Llama 3.1: <c>high_freq_factor</c>.</param>
/// <param name="BetaFast">YaRN: turns over the original length above which a frequency is unchanged; default 32.</param>
/// <param name="BetaSlow">YaRN: turns below which it is divided by the factor; default 1.</param>
/// <param name="AttentionFactor">Multiplies cosines and sines; 1, but for YaRN 0.1·ln(factor) + 1.</param>
public sealed record RopeSettings(RopeKind Kind, double Base, double Factor, double Original, double LowFrequency, double HighFrequency,
    double BetaFast, double BetaSlow, double AttentionFactor)
{
    private static readonly Dictionary<string, RopeKind> Kinds = new()
    {
        ["default"] = RopeKind.Default, ["linear"] = RopeKind.Linear, ["dynamic"] = RopeKind.Dynamic, ["llama3"] = RopeKind.Llama3,
        ["yarn"] = RopeKind.Yarn,
    };

    public static RopeSettings Plain(double @base) => new(RopeKind.Default, @base, 1, 0, 1, 4, 32, 1, 1);

    /// <summary>The number of usable positions, given config.json's.</summary>
    public double Reach(int positions) => Kind switch
    {
        RopeKind.Default or RopeKind.Llama3 => positions, // Llama 3.1's max_position_embeddings includes the scaling
        RopeKind.Linear or RopeKind.Dynamic => positions * Factor,
        RopeKind.Yarn => Math.Max(positions, Original * Factor),
    };

    /// <summary>The angle per position of each of the w/2 pairs of a head.</summary>
    /// <param name="width">w, even.</param>
    /// <param name="longest">Positions in use, needed by the dynamic kind.</param>
    public double[] Frequencies(int width, long longest)
    {
        double[] At(double @base) => [.. Enumerable.Range(0, width / 2).Select(i => Math.Pow(@base, -2.0 * i / width))]; // θ^(−2i/w)
        return Kind switch
        {
            RopeKind.Default => At(Base),
            RopeKind.Linear => [.. At(Base).Select(f => f / Factor)],
            RopeKind.Dynamic =>
                At(longest <= Original ? Base : Base * Math.Pow(Factor * longest / Original - (Factor - 1), width / (width - 2.0))),
            RopeKind.Llama3 => [.. At(Base).Select(Llama3)],
            RopeKind.Yarn => Yarn(At(Base), width),
        };
    }

    private double Llama3(double frequency)
    {
        var turns = Original * frequency / (2 * Math.PI);                        // over the original length
        if (turns < LowFrequency) return frequency / Factor;
        if (turns > HighFrequency) return frequency;
        var smooth = (turns - LowFrequency) / (HighFrequency - LowFrequency);
        return (1 - smooth) * frequency / Factor + smooth * frequency;
    }

    private double[] Yarn(double[] frequencies, int width)
    {
        // the pair that makes this many turns
        double PairOf(double turns) => width * Math.Log(Original / (turns * 2 * Math.PI)) / (2 * Math.Log(Base));
        double low = Math.Max(Math.Floor(PairOf(BetaFast)), 0), high = Math.Min(Math.Ceiling(PairOf(BetaSlow)), width - 1);
        if (low == high) high += 0.001;
        return [.. frequencies.Index().Select(f =>
        {
            var stretched = Math.Clamp((f.Index - low) / (high - low), 0, 1);
            return stretched * f.Item / Factor + (1 - stretched) * f.Item;
        })];
    }

    internal static RopeSettings Read(ConfigReader json, int width, int positions)
    {
        var rope = json.Section("rope_parameters") ?? json.Section("rope_scaling");
        foreach (var place in (ConfigReader?[])[json, rope]) // Phi has it at the top level, newer files among the rotary parameters
            foreach (var name in (string[])["partial_rotary_factor", "rotary_pct"])
                place?.Check(place.Number(name, 1) == 1, name, "must be 1: rotary positions on a part of each head are not supported");
        if (rope is null) return Checked(json, Plain(json.Number("rope_theta", 10000)), width);
        var named = rope.Text("rope_type", rope.Text("type", "default"));
        rope.Check(Kinds.TryGetValue(named, out var kind), "rope_type",
            $"'{named}' is not supported; supported are {string.Join(", ", Kinds.Keys)}");
        var original = rope.Number("original_max_position_embeddings", positions);
        var factor = rope.Number("factor", kind == RopeKind.Yarn ? positions / original : 1);
        rope.Check(kind == RopeKind.Default || factor >= 1, "factor", "must be at least 1");
        rope.Check(original > 0, "original_max_position_embeddings", "must be above 0");
        double low = rope.Number("low_freq_factor", 1), high = rope.Number("high_freq_factor", 4);
        rope.Check(kind != RopeKind.Llama3 || low < high, "high_freq_factor", "must be above low_freq_factor");
        double Attention(double scale) => factor <= 1 ? 1 : 0.1 * scale * Math.Log(factor) + 1; // YaRN, equation 22
        double fast = rope.Number("beta_fast", 32), slow = rope.Number("beta_slow", 1), all = rope.Number("mscale_all_dim", 0);
        rope.Check(kind != RopeKind.Yarn || (fast > 0 && slow > 0), "beta_fast", "must be above 0, as must beta_slow");
        var attention = kind != RopeKind.Yarn ? 1 : rope.Number("attention_factor", all > 0 && rope.Number("mscale", 0) is > 0
            and var mscale ? Attention(mscale) / Attention(all) : Attention(1));
        return Checked(json, new(kind, rope.Number("rope_theta", json.Number("rope_theta", 10000)), factor, original, low, high, fast, slow,
            attention), width);
    }

    private static RopeSettings Checked(ConfigReader json, RopeSettings rope, int width)
    {
        json.Check(rope.Base > 1, "rope_theta", "must be above 1");
        json.Check(rope.Kind != RopeKind.Dynamic || width > 2, "head_dim", "must be above 2 for dynamic rotary positions");
        return rope;
    }
}
