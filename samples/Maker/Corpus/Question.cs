using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>A passage, and a question about it with its answer.</summary>
public static class Question
{
    /// <summary>Does a sentence follow from another?</summary>
    public static string OfLogic(SplitMix64 random)
    {
        var yes = random.Flip();
        return Whether(Entails.Draw(random, follows: yes), yes);
    }

    /// <summary>Was what somebody spoke of good, or was it bad?</summary>
    public static string OfTaste(SplitMix64 random)
    {
        var good = random.Flip();
        var asking = random.Pick("Was it", "Would you call it");
        var asked = random.Flip();
        return $"{Mood.Draw(random, good)}\t{asking} {Mood.Word(random, asked)}? {Answer(good == asked)}";
    }

    /// <summary>Asks it of two sentences with a tab between.</summary>
    public static string Whether(string pair, bool yes)
    {
        var tab = pair.IndexOf('\t');
        return $"{pair[..tab]}\tDoes it follow? {pair[(tab + 1)..]} {Answer(yes)}";
    }

    private static string Answer(bool yes) => yes ? "Yes." : "No.";
}
