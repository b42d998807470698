using LoraDrop.Domain;
using LoraDrop.Maker;
using static TorchSharp.torch;

namespace LoraDrop.Samples.Tests;

public sealed class PretrainingFacts : IDisposable
{
    private const int Longest = 64;

    private readonly string _folder = Directory.CreateTempSubdirectory("loradrop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Pretraining_learns_to_find_hidden_words()
    {
        var (early, late) = (Pretrained("early", steps: 1), Pretrained("late", steps: 120));
        Assert.True(late.Loss < 0.8 * early.Loss, $"from {early} to {late}");
    }

    [Fact]
    public void The_same_seed_writes_the_same_model()
    {
        Pretrained("one", steps: 3);
        Pretrained("other", steps: 3);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder, "one")))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_folder, "other", Path.GetFileName(file))));
    }

    [Fact]
    public void Special_tokens_are_never_hidden()
    {
        Pretrained("model", steps: 1);
        var tokenizer = Tokenizer.Load(Path.Combine(_folder, "model"));
        var text = tokenizer.Encode("The dog slept.", "The cat slept.");
        for (var draw = 0; draw < 100; draw++)
        {
            using var hidden = HiddenTokens.In([text], tokenizer, SplitMix64.For(1, "test", draw));
            var places = hidden.Places.data<long>().ToArray();
            Assert.NotEmpty(places);
            Assert.Equal(places.Select(place => (long)text.Ids[place]), hidden.Tokens.data<long>());
            Assert.All(places, place => Assert.DoesNotContain(text.Ids[place], tokenizer.SpecialIds));
            Assert.All(text.Ids.Index(), token =>
                Assert.True(places.Contains(token.Index) || hidden.Batch.Ids[0, token.Index].item<long>() == token.Item));
        }
    }

    [Fact]
    public void The_model_in_the_repository_finds_hidden_words_of_text_that_it_has_not_read()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "model");
        var tokenizer = Tokenizer.Load(folder);
        using var files = ModelFolder.Open(folder, ScalarType.Float32, CPU);
        using var model = new MaskedLanguageModel((EncoderConfig)ModelConfig.Read(folder), files, CPU);
        var texts = Text(seed: 2, words: 5_000).Select(line => line.Split('\t'))
            .Select(line => tokenizer.Encode(line[0], line.ElementAtOrDefault(1), Longest)).ToList();
        Assert.InRange(HeldOut.Of(model, tokenizer, texts).Accuracy, 0.75, 1);
    }

    [Fact]
    public void Nearly_every_word_of_the_sample_is_one_token()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(AppContext.BaseDirectory, "model"));
        var passages = Text(seed: 2, words: 5_000).SelectMany(line => line.Split('\t')).ToList();
        var tokens = passages.Sum(passage => tokenizer.Encode(passage).Ids.Length - 2);            // without <s> and </s>
        var words = passages.Sum(passage => passage.Split(' ').Length + passage.Count(letter => !char.IsLetter(letter) && letter != ' '));
        Assert.InRange((double)tokens / words, 1, 1.1);
    }

    [Fact]
    public void The_sample_is_small()
    {
        static long Size(string folder) => Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, folder), "*",
            SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        Assert.InRange(Size("model"), 1, 4_000_000);
        Assert.InRange(Size("model") + Size("data"), 1, 6_000_000);
    }

    private HeldOut Pretrained(string name, int steps) => Pretraining.Run(Text(seed: 1, words: 5_000), vocabulary: 300,
        vocabulary => Pretraining.Small(vocabulary) with { Hidden = 32, Layers = 2, Heads = 2, Intermediate = 64, Positions = Longest + 2 },
        new Schedule(steps, Lines: 16, Rate: 5e-3, Seed: 1), Path.Combine(_folder, name), _ => { });

    private static List<string> Text(long seed, int words) =>
        [.. PretrainingText.Lines(seed, words, [.. SampleTask.All.Select(task => Rows.Of(task, 1))])];
}
