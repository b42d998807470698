using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>A few sentences about one small world, in which the later ones hold because of the earlier ones.</summary>
/// <remarks>The tab stands where a story is cut in two, so that its halves can be read as a pair.</remarks>
public static class Story
{
    private static readonly Func<SplitMix64, string>[] Plots = [Ranking, Gift, Pets, Day, Lost, Meeting];

    public static string Draw(SplitMix64 random) => random.Pick(Plots)(random);

    private static string Ranking(SplitMix64 random)
    {
        var ranked = random.PickDistinct(Lexicon.Named, 3);
        var (more, less, most, least) = random.Pick(Lexicon.Scales);
        var second = random.Flip() ? $"{ranked[1]} is {more} than {ranked[2]}" : $"{ranked[2]} is {less} than {ranked[1]}";
        return $"{Sentence.Of($"{ranked[0]} is {more} than {ranked[1]}")} {Sentence.Of(second)}\t" +
            Sentence.Of($"of the three {ranked[0]} is the {most} and {ranked[2]} is the {least}");
    }

    private static string Gift(SplitMix64 random)
    {
        var (giver, taker) = (random.Pick(Lexicon.Girls), random.Pick(Lexicon.Boys));
        if (random.Flip()) (giver, taker) = (taker, giver);
        var (colour, thing, time) = (random.Pick(Lexicon.Colours), random.Pick(Lexicon.Goods).Singular, random.Pick(Lexicon.Times));
        return $"{Sentence.Of($"{giver} had a {colour} {thing}")} "
            + $"{Sentence.Of($"{giver.He} {random.Pick("gave", "sold")} it to {taker} {time}")}\t" +
            Sentence.Of($"now {taker} has the {colour} {thing} and {giver} does not have it");
    }

    private static string Pets(SplitMix64 random)
    {
        var (someone, another) = random.PickTwo([.. Lexicon.Women, .. Lexicon.Men]);
        var (one, other) = (someone.The(random.PickNumber()), another.The(random.PickNumber()));
        var (hers, his) = random.PickTwo(Lexicon.Animals);
        var (colour, contrast) = random.PickTwo(Lexicon.Colours);
        return Sentence.Of(
            $"{one} {one.Has} {Spelling.WithArticle(hers.Singular)} and {other} {other.Has} {Spelling.WithArticle(his.Singular)}") + "\t" +
            Sentence.Of($"{one.His} {hers.Singular} is {colour} and {other.His} {his.Singular} is {contrast}") + " " +
            Sentence.Of($"{other} {other.Is} {random.Pick(Lexicon.States)} but {one} {one.Is} not");
    }

    private static string Day(SplitMix64 random)
    {
        var who = random.Pick(Lexicon.Named);
        var (first, second) = (random.Pick(Lexicon.Acts), random.Pick(Lexicon.Handlings));
        var thing = random.Pick(second.Things);
        return $"{Sentence.Of($"{who} {first.Past} {random.Pick(Lexicon.Places)} {random.Pick(Lexicon.Times)}")}\t" +
            $"{Sentence.Of($"then {who.He} {second.Verb.Past} the {thing}")} " +
            Sentence.Of($"the {thing} was {second.Verb.Participle} by {who}, and {who.He} was proud of {who.Himself}");
    }

    private static string Lost(SplitMix64 random)
    {
        var (who, thing) = (random.Pick(Lexicon.Named), random.Pick(Lexicon.Goods).Singular);
        var (expected, actual) = random.PickTwo(Lexicon.Places);
        return $"{Sentence.Of($"{who} lost {who.His} {thing} {random.Pick(Lexicon.PastTimes)}")} "
            + $"{Sentence.Of($"the {thing} was not {expected} but {actual}")}\t" +
            Sentence.Of($"{who} looked for it {expected} and did not find it there, because it was {actual}");
    }

    private static string Meeting(SplitMix64 random)
    {
        var (one, other) = (random.Pick(Lexicon.Women).The(), random.Pick(Lexicon.Men).The());
        if (random.Flip()) (one, other) = (other, one);
        var (deed, act) = (random.Pick(Lexicon.Deeds), random.Pick(Lexicon.Acts));
        return Sentence.Of($"{one} {deed.Past} {other} {random.Pick(Lexicon.Places)}") + "\t" + random.NextBelow(3) switch
        {
            0 => Sentence.Of($"{other} was {deed.Participle} by {one}, and {other.He} {act.Past}"),
            1 => Sentence.Of($"{one.He} {deed.Past} {other.Him} because {other.He} was {random.Pick(Lexicon.States)}"),
            _ => Sentence.Of($"{other} did not {deed.Base} {one} but {one} {deed.Past} {other.Him}"),
        };
    }

    /// <summary>Somebody's opinion, and what it made them do.</summary>
    public static string Review(SplitMix64 random)
    {
        var (good, who) = (random.Flip(), random.Pick(Lexicon.Named));
        string[] said = [$"it was {Mood.Word(random, good)}", $"most people {Mood.Liked(random, good)} it"];
        string[] done = good
            ? [$"{who} was happy and smiled", $"{who} thanked everyone for it", "we would gladly do it again"]
            : [$"{who} was angry and went home", $"{who} complained to everyone about it", "we will never do it again"];
        return $"{Mood.Draw(random, good)}\t{Sentence.Of(random.Pick([.. said, .. done]))}";
    }
}
