using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>Does the sentence speak well of something? Praise and blame stand in both classes equally; which one counts is the sentence's
/// to say.</summary>
public static class Mood
{
    private static readonly string[] Subjects =
        ["film", "play", "soup", "cake", "trip", "hotel", "concert", "book", "meal", "party", "song", "show", "picnic", "story", "lesson",
            "dance"];

    private static readonly string[] GoodWords =
        ["wonderful", "lovely", "excellent", "charming", "delightful", "superb", "great", "splendid", "good", "pleasant"];

    private static readonly string[] BadWords =
        ["terrible", "awful", "dreadful", "dull", "poor", "horrible", "boring", "bad", "nasty", "unpleasant"];

    private static readonly string[] GoodVerbs = ["loved", "enjoyed", "praised", "admired", "recommended"];
    private static readonly string[] BadVerbs = ["hated", "disliked", "criticized", "despised", "avoided"];
    private static readonly string[] GoodEnds = ["success", "joy", "triumph", "pleasure"];
    private static readonly string[] BadEnds = ["failure", "bore", "disaster", "mess"];

    private static readonly Func<SplitMix64, bool, string>[] Frames =
        [Denied, Although, Expected, EveryoneBut, EveryoneElse, RightOrWrong, Nobody, Hardly, Doubt];

    public static string Draw(SplitMix64 random, bool good) => random.Pick(Frames)(random, good);

    private static string Denied(SplitMix64 random, bool good)
    {
        var (meant, denied, what) = (Word(random, good), Word(random, !good), Subject(random));
        return Sentence.Of(random.NextBelow(3) switch
        {
            0 => $"{what} was not {denied} but {meant}",
            1 => $"{what} was {meant}, not {denied} at all",
            _ => $"{what} was {meant} and far from {denied}",
        });
    }

    private static string Although(SplitMix64 random, bool good)
    {
        var (meant, seeming, what) = (Word(random, good), Word(random, !good), Subject(random));
        var conceding = random.Pick("although", "though");
        return Sentence.Of(random.Flip()
            ? $"{conceding} at first {what} was {seeming}, in the end it was {meant}"
            : $"in the end {what} was {meant}, {conceding} at first it was {seeming}");
    }

    private static string Expected(SplitMix64 random, bool good)
    {
        var (meant, feared, what, who) = (Word(random, good), Word(random, !good), Subject(random), random.Pick(Lexicon.Named));
        return Sentence.Of(random.Flip()
            ? $"{who} expected {Spelling.WithArticle(feared)} {random.Pick(Subjects)}, but it was {meant}"
            : $"{what} was {meant}, but {who} had expected {Spelling.WithArticle(feared)} one");
    }

    private static string EveryoneBut(SplitMix64 random, bool good)
    {
        var everyone = random.Flip();
        return Sentence.Of(
            $"{(everyone ? "everyone" : "nobody")} {random.Pick("but", "except")} {random.Pick(Lexicon.Somebody)} "
            + $"{Liked(random, good == everyone)} {Subject(random)}");
    }

    private static string EveryoneElse(SplitMix64 random, bool good)
    {
        var (who, most, one, what) = (random.Pick(Lexicon.Named), Liked(random, good), Liked(random, !good), Subject(random));
        return Sentence.Of(random.Flip()
            ? $"{who} {one} {what}, but everyone else {most} it"
            : $"everyone {most} {what} except {who}, who {one} it");
    }

    private static string RightOrWrong(SplitMix64 random, bool good)
    {
        var (right, who) = (random.Flip(), random.Pick(Lexicon.Named));
        var said = $"{who} {random.Pick("said", "thought")} that {Subject(random)} was {Word(random, good == right)}";
        return Sentence.Of($"{said}, {(right ? "and" : "but")} {who.He} was {(right ? "right" : "wrong")}");
    }

    private static string Nobody(SplitMix64 random, bool good)
    {
        var everyone = random.Flip();
        return Sentence.Of($"{(everyone ? "everyone" : "nobody")} {random.Pick("said", "thought")} that {Subject(random)} was "
            + $"{Word(random, good == everyone)}");
    }

    private static string Hardly(SplitMix64 random, bool good)
    {
        var truly = random.Flip();
        var end = random.Pick(good == truly ? GoodEnds : BadEnds);
        return Sentence.Of($"{Subject(random)} was {(truly ? "truly" : "hardly")} a {end}");
    }

    private static string Doubt(SplitMix64 random, bool good)
    {
        var believed = random.Flip();
        return Sentence.Of(
            $"{random.Pick("we", "they", "I")} {(believed ? "know" : "doubt")} that {Subject(random)} was "
            + $"{Word(random, good == believed)}");
    }

    public static string Word(SplitMix64 random, bool good) => random.Pick(good ? GoodWords : BadWords);

    public static string Liked(SplitMix64 random, bool good) => random.Pick(good ? GoodVerbs : BadVerbs);

    private static string Subject(SplitMix64 random)
    {
        var what = random.Pick(Subjects);
        return random.NextBelow(4) switch
        {
            0 => $"the {what}",
            1 => $"the {what} {random.Pick(Lexicon.Times)}",
            2 => $"the {what} {random.Pick("in the village", "in the park", "at the station", "by the lake", "by the river")}",
            _ => $"{random.Pick(Lexicon.Named)}'s {what}",
        };
    }
}
