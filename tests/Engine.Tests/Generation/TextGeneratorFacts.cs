using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class TextGeneratorFacts
{
    [Theory]
    [InlineData("llama-tiny")]
    [InlineData("llama-tiny-eps1e-5")]
    public void The_likeliest_tokens_are_those_that_transformers_takes(string name)
    {
        using var golden = new GoldenModel(name);
        int[] Ids(string field) => [.. golden.At("greedy", field).EnumerateArray().Select(id => id.GetInt32())];
        var generator = new TextGenerator((LanguageModel)golden.Model, Words, new() { MaxNewTokens = Ids("continuation").Length }, []);
        Assert.Equal(Ids("continuation"), Assert.Single(generator.Answer([Ids("prompt")], 1, 0, CancellationToken.None)).Ids);
    }

    [Fact]
    public void A_trained_model_tells_the_story_that_it_tells_in_float64()
    {
        var folder = RealData.Path("weights", "llama-stories260K");
        var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "greedy_reference.json"))).RootElement;
        int[] ids = [.. reference.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32())];
        using var model = LanguageModel.Open(folder, CPU);
        var generator = new TextGenerator(model, Tokenizer.Load(folder), new() { MaxNewTokens = ids.Length - 1 }, []);
        var story = Assert.Single(generator.Answer([ids[..1]], 1, 0, CancellationToken.None));
        Assert.Equal(ids[1..], story.Ids);
        Assert.Equal(reference.GetProperty("text").GetString()!.Trim(), story.Text.Trim());
    }

    [Fact]
    public void An_answer_is_the_same_alone_and_in_a_batch_of_other_lengths()
    {
        using var model = TinyDecoder.Model();
        int[][] prompts = [.. TinyDecoder.Texts(3, 9, 1, 6, 4).Select(text => text.Ids)];
        foreach (var decoding in (DecodingSettings[])[new() { MaxNewTokens = 12 }, new() { MaxNewTokens = 12, Temperature = 1.5,
            TopK = 20 }, new() { MaxNewTokens = 12, Beams = 3 }, new() { MaxNewTokens = 12, RepetitionPenalty = 1.3, NoRepeatNgram = 2 }])
        {
            var together = Generator(model, decoding).Answer(prompts, 15, 7, CancellationToken.None);
            var apart = Generator(model, decoding).Answer(prompts, 1, 7, CancellationToken.None);
            Assert.Equal(apart.Select(answer => answer.Ids), together.Select(answer => answer.Ids));
        }
    }

    [Fact]
    public void What_is_drawn_depends_on_the_seed_alone()
    {
        using var model = TinyDecoder.Model();
        int[][] prompts = [[5, 6], [5, 6]];
        IReadOnlyList<GeneratedText> Drawn(long seed) =>
            Generator(model, new() { MaxNewTokens = 20, Temperature = 2 }).Answer(prompts, 2, seed, CancellationToken.None);
        Assert.Equal(Drawn(1).Select(answer => answer.Ids), Drawn(1).Select(answer => answer.Ids));
        Assert.NotEqual(Drawn(1)[0].Ids, Drawn(2)[0].Ids);
        Assert.NotEqual(Drawn(1)[0].Ids, Drawn(1)[1].Ids); // equal prompts draw apart
        Assert.Equal(Drawn(1)[1].Ids, Generator(model, new() { MaxNewTokens = 20, Temperature = 2 })
            .Answer(prompts[1..], 2, 1, CancellationToken.None, first: 1)[0].Ids); // also in parts
    }

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 1, 0)]
    [InlineData(4, 0.2, 2)]
    [InlineData(5, -0.5, 0)]
    public void Beams_find_what_a_search_without_a_cache_finds(int beams, double lengthPenalty, int noRepeat)
    {
        using var model = TinyDecoder.Model();
        foreach (var prompt in TinyDecoder.Texts(3, 7, 2).Select(text => text.Ids))
        {
            var decoding = new DecodingSettings { MaxNewTokens = 6, Beams = beams, LengthPenalty = lengthPenalty,
                NoRepeatNgram = noRepeat };
            var found = Assert.Single(new TextGenerator(model, Words, decoding, Ends).Answer([prompt], 16, 0, CancellationToken.None));
            Assert.Equal(Searched(model, prompt, decoding), found.Ids);
        }
    }

    [Fact]
    public void Following_every_text_there_is_finds_the_likeliest()
    {
        var config = TinyDecoder.Config with { VocabularySize = 5 };
        using var model = TinyDecoder.Model(config);
        int[] prompt = [3, 4];
        var found = new TextGenerator(model, Words, new() { MaxNewTokens = 3, Beams = 25, LengthPenalty = 0 }, []).Answer([prompt], 25, 0,
            CancellationToken.None)[0].Ids;
        var all = from a in Enumerable.Range(0, 5) from b in Enumerable.Range(0, 5) from c in Enumerable.Range(0, 5) select (int[])[a, b,
            c];
        Assert.Equal(all.MaxBy(answer => LogP(model, prompt, answer)), found);
    }

    [Fact]
    public void A_stop_text_ends_an_answer_before_it_and_one_that_never_comes_does_not_go_on_for_ever()
    {
        using var model = TinyDecoder.Model();
        int[] prompt = [5, 6];
        var free = Generator(model, new() { MaxNewTokens = 10 }).Answer([prompt], 1, 0, CancellationToken.None)[0];
        Assert.Equal((10, AnswerEnd.Length), (free.Ids.Count, free.End));
        var word = free.Text.Split(' ')[3];
        foreach (var beams in (int[])[1, 2])
        {
            var never = Generator(model, new() { MaxNewTokens = 10, Stop = ["never"], Beams = beams })
                .Answer([prompt], 4, 0, CancellationToken.None)[0];
            Assert.Equal((10, AnswerEnd.Length), (never.Ids.Count, never.End));
        }
        var stopped = Generator(model, new() { MaxNewTokens = 10, Stop = ["never", word] })
            .Answer([prompt], 1, 0, CancellationToken.None)[0];
        Assert.Equal(AnswerEnd.Stop, stopped.End);
        Assert.Equal(free.Text[..free.Text.IndexOf(word, StringComparison.Ordinal)], stopped.Text);
    }

    [Fact]
    public void An_end_token_ends_an_answer_and_is_no_part_of_it_but_not_before_the_least_length()
    {
        using var model = TinyDecoder.Model();
        int[] prompt = [5, 6];
        var free = Generator(model, new() { MaxNewTokens = 10 }).Answer([prompt], 1, 0, CancellationToken.None)[0];
        var ended = new TextGenerator(model, Words, new() { MaxNewTokens = 10 }, [free.Ids[4]]).Answer([prompt], 1, 0,
            CancellationToken.None)[0];
        Assert.Equal(AnswerEnd.End, ended.End);
        Assert.Equal(free.Ids.TakeWhile(id => id != free.Ids[4]), ended.Ids);
        Assert.True(new TextGenerator(model, Words, new() { MaxNewTokens = 10, MinNewTokens = 8 }, [free.Ids[0]]).Answer([prompt], 1, 0,
            CancellationToken.None)[0].Ids.Count >= 8);
    }

    [Fact]
    public void A_prompt_that_fills_the_context_is_refused_and_an_answer_ends_where_it_is_full()
    {
        using var model = TinyDecoder.Model();
        var full = TinyDecoder.Texts(64)[0].Ids;
        Assert.Contains("1 of 2 prompts leave no room for an answer within the model's 64 tokens; the first is number 2, with 64",
            Assert.Throws<RefusedInputException>(() =>
            Generator(model, new() { MaxNewTokens = 5 }).Answer([[3], full], 2, 0, CancellationToken.None)).Message);
        Assert.Equal(2, Generator(model, new() { MaxNewTokens = 5 }).Answer([full[..62]], 1, 0, CancellationToken.None)[0].Ids.Count);
    }

    [Fact]
    public void Tokens_are_told_as_they_come_and_a_cancelled_answer_stops()
    {
        using var model = TinyDecoder.Model();
        var told = new List<int>();
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            Generator(model, new() { MaxNewTokens = 30 }).Answer([[5, 6]], 1, 0, cancel.Token, onToken: (_, token) =>
        {
            told.Add(token);
            if (told.Count == 4) cancel.Cancel();
        }));
        Assert.Equal(Generator(model, new() { MaxNewTokens = 4 }).Answer([[5, 6]], 1, 0, CancellationToken.None)[0].Ids, told);
    }

    private static readonly int[] Ends = [2, 9, 17, 30, 41];

    /// <summary>A tokenizer with a word for each of the tiny model's ids.</summary>
    private static Tokenizer Words { get; } = LoadWords();

    private static TextGenerator Generator(LanguageModel model, DecodingSettings decoding) => new(model, Words, decoding, []);

    private static Tokenizer LoadWords()
    {
        using var folder = new TestFolder();
        folder.File("vocab.txt",
            string.Concat((string[])["[PAD]\n", "[UNK]\n", "[SEP]\n", .. Enumerable.Range(3, 197).Select(i => $"w{i:000}\n"), "[CLS]\n",
            "[MASK]\n"]));
        return Tokenizer.Load(folder.Path);
    }

    private static double LogP(LanguageModel model, int[] prompt, IReadOnlyList<int> answer)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        int[] ids = [.. prompt, .. answer];
        using var batch = TokenBatch.Of([new(ids, new int[ids.Length])], 0, CPU);
        var logP = nn.functional.log_softmax(model.Forward(batch), -1)[0];       // (T, V)
        return answer.Index().Sum(t => (double)logP[prompt.Length + t.Index - 1, t.Item].item<float>());
    }

    /// <summary>Beam search as transformers 4.41.2 describes it, written plainly: every text is computed whole, and every continuation is
    /// looked at.</summary>
    private static int[] Searched(LanguageModel model, int[] prompt, DecodingSettings decoding)
    {
        var K = decoding.Beams;
        var beams = new List<(int[] Answer, double Sum)> { ([], 0) };
        var finished = new List<(int[] Answer, double Score)>();
        void Finish(int[] answer, double sum, int length)
        {
            finished.Add((answer, sum / Math.Pow(length, decoding.LengthPenalty)));
            finished = [.. finished.OrderByDescending(f => f.Score).Take(K)];
        }
        for (var length = 1; length <= decoding.MaxNewTokens; length++)
        {
            var candidates = beams.SelectMany(beam => Enumerable.Range(0, model.Config.VocabularySize)
                .Where(token => !Repeats([.. prompt, .. beam.Answer, token], decoding.NoRepeatNgram))
                .Select(token => (Answer: (int[])[.. beam.Answer, token], Sum: LogP(model, prompt, [.. beam.Answer, token]))))
                .OrderByDescending(candidate => candidate.Sum).Take(2 * K).ToArray();
            beams = [];
            foreach (var (rank, (answer, sum)) in candidates.Index())
            {
                if (!Ends.Contains(answer[^1])) beams.Add((answer, sum));
                else if (rank < K) Finish(answer[..^1], sum, length);
                if (beams.Count == K) break;
            }
            if (finished.Count == K && finished.Min(f => f.Score) >= candidates[0].Sum / Math.Pow(length, decoding.LengthPenalty))
                return finished[0].Answer;
        }
        foreach (var (answer, sum) in beams) Finish(answer, sum, decoding.MaxNewTokens);
        return finished[0].Answer;
    }

    private static bool Repeats(int[] tokens, int n) =>
        n > 0 && tokens.Length > n && Enumerable.Range(0, tokens.Length - n)
            .Any(at => tokens.AsSpan(at, n).SequenceEqual(tokens.AsSpan(tokens.Length - n)));
}
