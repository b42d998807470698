using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>A task of the sample: how to draw a row, without its label, for each grade from 0 up to <paramref name="Grades"/>.</summary>
/// <param name="Name">The folder its files go to.</param>
/// <param name="Header">The names of the columns, the grade's last.</param>
/// <param name="Grades">How many different labels or scores there are.</param>
/// <param name="Draw">The sentence, or two sentences with a tab between, that the grade is right for.</param>
public sealed record SampleTask(string Name, string Header, int Grades, Func<SplitMix64, int, string> Draw)
{
    public static readonly SampleTask[] All =
    [
        new("acceptable", "sentence\tlabel", 2, (random, label) => Acceptable.Draw(random, grammatical: label == 1)),
        new("mood", "sentence\tlabel", 2, (random, label) => Mood.Draw(random, good: label == 1)),
        new("entails", "sentence1\tsentence2\tlabel", 2, (random, label) => Entails.Draw(random, follows: label == 1)),
        new("similar", "sentence1\tsentence2\tscore", 6, Similar.Draw),
    ];
}
