using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>What a token sees does not hang on how its text lies in a batch.</summary>
public sealed class CausalDecoderFacts
{
    private const double Rounding = 1e-5;

    private static readonly TokenizedText[] Texts = TinyDecoder.Texts(9, 4, 12, 1);

    public static TheoryData<string> Kinds => new("plain", "window", "window in some layers", "head norms and biases", "YaRN", "tied");

    [Theory, MemberData(nameof(Kinds))]
    public void A_text_alone_beside_others_and_behind_padding_gives_the_same_logits(string kind)
    {
        using var model = Model(kind);
        using var _ = no_grad();
        foreach (var layout in (Func<TokenBatch>[])[() => TokenBatch.Of(Texts, 0, CPU), () => TokenBatch.EndingTogether(Texts, 0, CPU),
            () => TokenBatch.Packed(Texts, CPU)])
        {
            using var scope = NewDisposeScope();
            using var batch = layout();
            var logits = Rows(model.Forward(batch));
            foreach (var (i, text) in Texts.Index())
            {
                using var alone = TokenBatch.Of([text], 0, CPU);
                AssertClose(Rows(model.Forward(alone)),
                    cat([.. Enumerable.Range(0, text.Ids.Length).Select(t => logits.narrow(0, batch.PlaceOf(i, t), 1))], 0));
            }
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_cache_gives_the_logits_of_the_whole_text(string kind)
    {
        using var model = Model(kind);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var cache = new KeyValueCache(model.Config.Layers);
        TokenizedText[] texts = [.. Texts.Where(text => text.Ids.Length > 3)],
            starts = [.. texts.Select(text => text with { Ids = text.Ids[..^3], TypeIds = text.TypeIds[..^3] })];
        using var first = TokenBatch.EndingTogether(starts, 0, CPU);
        var logits = new List<Tensor> { model.Next(first, cache) };
        for (var step = 0; step < 2; step++)
        {
            using var next = TokenBatch.Next(tensor(texts.Select(text => (long)text.Ids[text.Ids.Length - 3 + step]).ToArray())
                .unsqueeze(1), tensor(texts.Select(text => text.Ids.Length - 3L + step).ToArray()).unsqueeze(1));
            logits.Add(model.Next(next, cache));
        }
        foreach (var (row, text) in texts.Index())
        {
            using var whole = TokenBatch.Of([text with { Ids = text.Ids[..^1], TypeIds = text.TypeIds[..^1] }], 0, CPU);
            var expected = Rows(model.Forward(whole));
            for (var step = 0; step < 3; step++)
                AssertClose(expected.narrow(0, text.Ids.Length - 4 + step, 1), logits[step].narrow(0, row, 1));
        }
    }

    [Fact]
    public void A_window_hides_what_is_further_back_and_nothing_else()
    {
        using var model = TinyDecoder.Model(TinyDecoder.Config with { Layers = 1, Windows = [4] });
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var text = TinyDecoder.Texts(10)[0];
        Tensor Last(int[] ids)
        {
            using var batch = TokenBatch.Of([new(ids, new int[ids.Length])], 0, CPU);
            return Rows(model.Forward(batch)).narrow(0, 9, 1);
        }
        int[] Other(int place) => [.. text.Ids.Index().Select(t => t.Index == place ? t.Item % 40 + 5 : t.Item)];
        AssertClose(Last(text.Ids), Last(Other(5)));
        Assert.False(Last(text.Ids).allclose(Last(Other(6)), atol: 1e-3));
    }

    [Fact]
    public void Rows_of_a_cache_can_fork_and_leave()
    {
        using var model = TinyDecoder.Model();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var texts = TinyDecoder.Texts(5, 5);
        using var cache = new KeyValueCache(model.Config.Layers);
        using (var batch = TokenBatch.EndingTogether(texts, 0, CPU)) model.Next(batch, cache).Dispose();
        cache.Select(tensor([1L, 1L, 0L]));
        using var next = TokenBatch.Next(tensor([7L, 8L, 7L]).unsqueeze(1), tensor([5L, 5L, 5L]).unsqueeze(1));
        var logits = model.Next(next, cache);
        foreach (var (row, (text, token)) in new[] { (1, 7), (1, 8), (0, 7) }.Index())
        {
            int[] ids = [.. texts[text].Ids, token];
            using var whole = TokenBatch.Of([new(ids, new int[6])], 0, CPU);
            AssertClose(Rows(model.Forward(whole)).narrow(0, 5, 1), logits.narrow(0, row, 1));
        }
    }

    private static LanguageModel Model(string kind) => TinyDecoder.Model(kind switch
    {
        "window" => TinyDecoder.Config with { Family = DecoderFamily.Mistral, Windows = [5, 5, 5] },
        "window in some layers" =>
            TinyDecoder.Config with { Family = DecoderFamily.Qwen2, Windows = [null, 3, null], QueryKeyValueBias = true },
        "head norms and biases" => TinyDecoder.Config with { Family = DecoderFamily.Qwen3, HeadNorms = true, QueryKeyValueBias = true,
            OutputBias = true, FeedForwardBias = true, HeadSize = 6 },
        "YaRN" =>
            TinyDecoder.Config with { Rope = RopeSettings.Plain(10000) with { Kind = RopeKind.Yarn, Factor = 4, Original = 6,
                AttentionFactor = 1.14 } },
        "tied" => TinyDecoder.Config with { TiedEmbeddings = true },
        _ => TinyDecoder.Config,
    });

    private static Tensor Rows(Tensor logits) => logits.flatten(0, 1);

    private static void AssertClose(Tensor expected, Tensor actual) =>
        Assert.True(actual.allclose(expected, 1e-4, Rounding * Math.Max(1, expected.abs().max().item<float>())),
            $"differs by {(actual - expected).abs().max().item<float>()}");
}
