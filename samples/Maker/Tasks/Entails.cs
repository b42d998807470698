using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>Does the second sentence follow from the first? Both answers use the same words; only their arrangement differs.</summary>
public static class Entails
{
    private static readonly Func<SplitMix64, bool, string>[] Inferences =
        [Voice, Relative, Coordination, Quantity, NegationScope, Comparison, Trade, Binding];

    public static string Draw(SplitMix64 random, bool follows) => random.Pick(Inferences)(random, follows);

    /// <summary>Active and passive tell the same; who did it to whom must stay.</summary>
    private static string Voice(SplitMix64 random, bool follows)
    {
        var (agent, patient) = random.PickTwo(Lexicon.Somebody);
        var told = new Clause(agent, random.Pick(Lexicon.Deeds), patient);
        var longer = random.Flip() ? told with { Where = random.Pick(Lexicon.Places) } : told with { When = random.Pick(Lexicon.Times) };
        return Pair(longer.InEitherVoice(random), (follows ? told : told.Swapped).InEitherVoice(random));
    }

    /// <summary>A relative clause says something of its own about the noun it hangs on.</summary>
    private static string Relative(SplitMix64 random, bool follows)
    {
        var (head, other, third) = Three(random);
        var (first, second) = random.PickTwo(Lexicon.Deeds);
        var (premise, facts) = random.NextBelow(3) switch
        {
            0 => ($"{head} who {first.Past} {other} {second.Past} {third}",
                new Clause[] { new(head, first, other), new(head, second, third) }),
            1 => ($"{head} who {other} {first.Past} {second.Past} {third}", [new(other, first, head), new(head, second, third)]),
            _ => ($"{other} {first.Past} {head} who {second.Past} {third}", [new(other, first, head), new(head, second, third)]),
        };
        var fact = random.Pick(facts);
        var wrong = random.Flip() || fact.Deed == first ? fact.Swapped : fact with { Agent = other };
        return Pair(premise, (follows ? fact : wrong).InEitherVoice(random));
    }

    /// <summary>"And" tells of each, "or" does not; under "it is not true that" it is the other way round.</summary>
    private static string Coordination(SplitMix64 random, bool follows)
    {
        var (one, other) = random.PickTwo(Lexicon.Somebody);
        var (act, place, denied) = (random.Pick(Lexicon.Acts), random.Pick(Lexicon.Places), random.Flip());
        var both = $"{one} {(follows == denied ? "or" : "and")} {other} {act.Past} {place}";
        var meant = random.Flip() ? one : other;
        return denied
            ? Pair($"it is not true that {both}", $"{meant} did not {act.Base} {place}")
            : Pair(both, $"{meant} {act.Past} {place}");
    }

    /// <summary>"Every" and "no" speak of all the smaller groups, "some" of all the larger; for what they did, only "no" goes
    /// down.</summary>
    private static string Quantity(SplitMix64 random, bool follows)
    {
        var (noun, act) = (random.Pick(Lexicon.Creatures).Singular, random.Pick(Lexicon.Acts).Past);
        var ofSubject = random.Flip();
        var odd = random.Flip();
        var quantifier = ofSubject ? odd ? "some" : random.Pick("every", "no") : odd ? "no" : random.Pick("every", "some");
        var wide = $"{quantifier} {noun} {act}";
        var narrow = ofSubject ? $"{quantifier} {random.Pick(Lexicon.Qualities)} {noun} {act}" : $"{wide} {random.Pick(Lexicon.Places)}";
        var upward = ofSubject == odd;
        return upward == follows ? Pair(narrow, wide) : Pair(wide, narrow);
    }

    /// <summary>A "not" denies its own verb and no other.</summary>
    private static string NegationScope(SplitMix64 random, bool follows)
    {
        var (head, other, third) = Three(random);
        var (first, second) = random.PickTwo(Lexicon.Deeds);
        var deniesFirst = random.Flip();
        var premise = deniesFirst
            ? $"{head} who did not {first.Base} {other} {second.Past} {third}"
            : $"{head} who {first.Past} {other} did not {second.Base} {third}";
        var told = deniesFirst == follows ? new Clause(head, second, third) : new Clause(head, first, other);
        return Pair(premise, told.Active);
    }

    /// <summary>Comparisons turn round with their opposite, and chain.</summary>
    private static string Comparison(SplitMix64 random, bool follows)
    {
        var ranked = random.PickDistinct(Lexicon.Named, 3);
        var (more, less, _, _) = random.Pick(Lexicon.Scales);
        string Compared(NounPhrase high, NounPhrase low) => random.Flip() ? $"{high} is {more} than {low}" : $"{low} is {less} than {high}";
        var (from, to) = random.Pick((0, 1), (1, 2), (0, 2));
        var (high, low) = follows ? (ranked[from], ranked[to]) : (ranked[to], ranked[from]);
        return Pair($"{Compared(ranked[0], ranked[1])} and {Compared(ranked[1], ranked[2])}", Compared(high, low));
    }

    /// <summary>What one sells the other buys.</summary>
    private static string Trade(SplitMix64 random, bool follows)
    {
        var (giver, taker) = random.PickTwo(Lexicon.Somebody);
        var (gave, got) = random.Pick(("sold", "bought"), ("gave", "got"), ("lent", "borrowed"));
        var thing = $"the {random.Pick(Lexicon.Colours)} {random.Pick(Lexicon.Goods).Singular}";
        string Given(NounPhrase from, NounPhrase to) => random.Flip() ? $"{from} {gave} {thing} to {to}" : $"{from} {gave} {to} {thing}";
        string Got(NounPhrase from, NounPhrase to) => $"{to} {got} {thing} from {from}";
        var (from, to) = follows ? (giver, taker) : (taker, giver);
        return random.Flip() ? Pair(Given(giver, taker), Got(from, to)) : Pair(Got(giver, taker), Given(from, to));
    }

    /// <summary>Of two people, each did their own act at their own place.</summary>
    private static string Binding(SplitMix64 random, bool follows)
    {
        var who = random.PickDistinct(Lexicon.Somebody, 2);
        var act = random.PickDistinct(Lexicon.Acts, 2);
        var place = random.PickDistinct(Lexicon.Places, 2);
        var one = random.NextBelow(2);
        var other = follows ? one : 1 - one;
        return Pair($"{who[0]} {act[0].Past} {place[0]} and {who[1]} {act[1].Past} {place[1]}",
            $"{who[one]} {act[random.Pick(one, other)].Past} {place[other]}");
    }

    /// <summary>One who can carry a relative clause, and two others.</summary>
    private static (NounPhrase Head, NounPhrase Other, NounPhrase Third) Three(SplitMix64 random)
    {
        var head = random.Pick(Lexicon.People).The();
        var (other, third) = random.PickTwo([.. Lexicon.Somebody.Where(person => person != head)]);
        return (head, other, third);
    }

    private static string Pair(string premise, string hypothesis) => $"{Sentence.Of(premise)}\t{Sentence.Of(hypothesis)}";
}
