using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>The rows of a task: training and development, no text twice, every grade equally often.</summary>
public sealed record Rows(SampleTask Task, IReadOnlyList<(string Text, int Grade)> Train, IReadOnlyList<(string Text, int Grade)> Dev)
{
    public const int TrainCount = 4002, DevCount = 798;   // both divide by two labels and by six scores

    public static Rows Of(SampleTask task, long seed)
    {
        var random = SplitMix64.For(seed, task.Name);
        var seen = new HashSet<string>();
        return new(task, Drawn(task, random, TrainCount, seen), Drawn(task, random, DevCount, seen));
    }

    /// <summary>The file of one split, as tab-separated values under the task's header.</summary>
    public string Tsv(IReadOnlyList<(string Text, int Grade)> split) =>
        string.Concat(split.Select(row => $"{row.Text}\t{row.Grade}\n").Prepend($"{Task.Header}\n"));

    private static List<(string Text, int Grade)> Drawn(SampleTask task, SplitMix64 random, int count, HashSet<string> seen)
    {
        var rows = new List<(string Text, int Grade)>(count);
        while (rows.Count < count)
        {
            var grade = rows.Count % task.Grades;
            var text = task.Draw(random, grade);
            if (seen.Add(text)) rows.Add((text, grade));
        }
        random.Shuffle(rows);
        return rows;
    }
}
