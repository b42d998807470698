using LoraDrop.Maker;

namespace LoraDrop.Samples.Tests;

public sealed class SampleFacts(ITestOutputHelper output)
{
    private const long Seed = 1;

    public static TheoryData<string> Tasks => [.. SampleTask.All.Select(task => task.Name)];

    [Theory, MemberData(nameof(Tasks))]
    public void The_files_in_the_repository_are_what_the_program_writes(string task)
    {
        var rows = RowsOf(task);
        Assert.Equal(rows.Tsv(rows.Train), File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", task, "train.tsv")));
        Assert.Equal(rows.Tsv(rows.Dev), File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", task, "dev.tsv")));
    }

    [Fact]
    public void The_examples_in_the_readme_are_rows()
    {
        var rows = SampleTask.All.SelectMany(task => All(task.Name)).Select(row => $"{row.Text}\t{row.Grade}").ToHashSet();
        var examples = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "README.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Length > 3 && char.IsDigit(line[^3]))
            .Select(line => line.Trim('|', ' ').Replace(" | ", "\t"))
            .ToList();
        Assert.Equal(3 * SampleTask.All.Length, examples.Count);
        Assert.All(examples, example => Assert.Contains(example, rows));
    }

    [Fact]
    public void The_text_depends_on_the_seed_alone()
    {
        Assert.Equal(Text(Seed), Text(Seed));
        Assert.NotEqual(Text(Seed), Text(Seed + 1));
    }

    [Fact]
    public void The_text_holds_no_row_of_a_task()
    {
        var rows = SampleTask.All.Select(task => RowsOf(task.Name)).SelectMany(task => task.Train.Concat(task.Dev)).Select(row => row.Text)
            .ToHashSet();
        Assert.DoesNotContain(Text(Seed), line => rows.Contains(line) || line.Split('\t').Any(rows.Contains)
            || rows.Contains(Unasked(line)));
    }

    [Theory, MemberData(nameof(Tasks))]
    public void No_text_stands_in_a_task_twice(string task)
    {
        var all = All(task).Select(row => row.Text).ToList();
        Assert.Equal(all.Count, all.Distinct().Count());
    }

    [Theory, MemberData(nameof(Tasks))]
    public void Every_label_is_equally_common(string task)
    {
        var rows = RowsOf(task);
        foreach (var split in new[] { rows.Train, rows.Dev })
            Assert.All(split.CountBy(row => row.Grade), count => Assert.Equal(split.Count / rows.Task.Grades, count.Value));
    }

    [Theory, MemberData(nameof(Tasks))]
    public void Every_sentence_is_written_out(string task) => Assert.All(All(task), row =>
    {
        var sentences = row.Text.Split('\t');
        Assert.All(sentences, sentence =>
        {
            Assert.Matches("^[A-Z][A-Za-z', ]+[.?]$", sentence);
            Assert.DoesNotContain("  ", sentence, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"\ba [aeiou]|\ban [^aeiou]", sentence);
        });
        Assert.InRange(sentences.Sum(sentence => sentence.Split(' ').Length), 3, 26);
    });

    [Theory]
    [InlineData("acceptable", 0.55)]
    [InlineData("mood", 0.55)]
    [InlineData("entails", 0.55)]
    public void A_bag_of_words_cannot_tell_the_labels(string task, double most)
    {
        var rows = RowsOf(task);
        var (words, pairs) = (BagOfWords.Accuracy(rows.Train, rows.Dev, run: 1), BagOfWords.Accuracy(rows.Train, rows.Dev, run: 2));
        output.WriteLine($"{task}: words {words:P1}, words and bigrams {pairs:P1}");
        Assert.True(words <= most, $"words alone reach {words:P1}");
    }

    [Fact]
    public void Common_words_hardly_tell_how_similar_two_sentences_are()
    {
        var spearman = WordOverlap.Spearman(RowsOf("similar").Dev);
        output.WriteLine($"similar: Spearman of word overlap {spearman:F3}");
        Assert.InRange(spearman, -1, 0.45);
    }

    /// <summary>The pair that a line asks about.</summary>
    private static string Unasked(string line) => line.Replace("Does it follow? ", "").Replace(" Yes.", "").Replace(" No.", "");

    private static Rows RowsOf(string task) => Rows.Of(SampleTask.All.Single(known => known.Name == task), Seed);

    private static IEnumerable<(string Text, int Grade)> All(string task) => RowsOf(task) is var rows ? rows.Train.Concat(rows.Dev) : [];

    private static List<string> Text(long seed) =>
        [.. PretrainingText.Lines(seed, words: 50_000, [.. SampleTask.All.Select(task => Rows.Of(task, Seed))])];
}
