using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>The text a model reads before it sees any task: right sentences, sentences that follow from each other, questions with answers,
/// and stories.</summary>
/// <remarks>A line is one sentence, or two passages that belong together with a tab between them. No line holds a row of a task, asked
/// about or not.</remarks>
public static class PretrainingText
{
    /// <summary>Lines until the words asked for are reached.</summary>
    public static IEnumerable<string> Lines(long seed, int words, IReadOnlyList<Rows> tasks)
    {
        var rows = tasks.SelectMany(task => task.Train.Concat(task.Dev)).Select(row => row.Text).ToList();
        var pairs = rows.Where(row => row.Contains('\t')).ToList();
        HashSet<string> held = [.. rows, .. pairs.Select(pair => Question.Whether(pair, yes: true)),
            .. pairs.Select(pair => Question.Whether(pair, yes: false))];
        var random = SplitMix64.For(seed, "corpus");
        for (var written = 0; written < words;)
        {
            var line = Line(random);
            if (held.Contains(line) || line.Split('\t').Any(held.Contains)) continue;
            written += line.Split(' ', '\t').Length;
            yield return line;
        }
    }

    private static string Line(SplitMix64 random) => random.NextBelow(10) switch
    {
        < 3 => Acceptable.Draw(random, grammatical: true),
        < 4 => Entails.Draw(random, follows: true),
        < 6 => Question.OfLogic(random),
        < 7 => Similar.Draw(random, score: 5),
        < 9 => random.Flip() ? Story.Review(random) : Question.OfTaste(random),
        _ => Story.Draw(random),
    };
}
