using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>Is the sentence grammatical? Each wrong sentence breaks one rule, and every word is as common in right as in wrong
/// ones.</summary>
public static class Acceptable
{
    private static readonly Func<SplitMix64, bool, string>[] Rules =
        [Agreement, VerbForm, QuestionForm, Reflexive, NegativePolarity, Tense, WordOrder];

    private static readonly Form[] Forms = Enum.GetValues<Form>();

    public static string Draw(SplitMix64 random, bool grammatical) => random.Pick(Rules)(random, grammatical);

    /// <summary>The verb agrees with the head of the subject, whatever stands between them.</summary>
    private static string Agreement(SplitMix64 random, bool grammatical)
    {
        var subject = Modified(random, out _);
        var agreeing = grammatical ? subject : subject with { Number = Opposite(subject.Number) };
        var predicate = random.NextBelow(4) switch
        {
            0 => $"{agreeing.Is} {random.Pick(Lexicon.States)}",
            1 => $"{agreeing.Was} {random.Pick(Lexicon.States)} {random.Pick(Lexicon.Times)}",
            2 => $"{agreeing.Has} a {random.Pick(Lexicon.Colours)} {random.Pick(Lexicon.Goods).Singular}",
            _ => $"{random.Pick(Lexicon.Acts).Present(agreeing.Number)} {random.Pick(Lexicon.Places)}",
        };
        return Sentence.Of($"{subject} {predicate}");
    }

    /// <summary>"Have" takes a participle, "be" the form in -ing, "will" the bare verb, also when a word stands between.</summary>
    private static string VerbForm(SplitMix64 random, bool grammatical)
    {
        var subject = Subject(random);
        var asked = random.Pick(Forms);
        var auxiliary = asked switch { Form.Participle => subject.Has, Form.Gerund => subject.Is, Form.Bare =>
            random.Pick("will", "can", "must") };
        return Sentence.Of(
            $"{subject} {auxiliary} {random.Pick(Lexicon.Manners)} {Handling(random, asked, grammatical)} {random.Pick(Lexicon.Places)}");
    }

    /// <summary>The same across the subject of a question.</summary>
    private static string QuestionForm(SplitMix64 random, bool grammatical)
    {
        var subject = Modified(random, out _);
        var asked = random.Pick(Forms);
        var auxiliary = asked switch { Form.Participle => "had", Form.Gerund => subject.Was, Form.Bare =>
            random.Pick("will", "can", "did") };
        return Sentence.Of($"{auxiliary} {subject} {Handling(random, asked, grammatical)}", '?');
    }

    /// <summary>A reflexive means the head of the subject, not the noun that is nearest.</summary>
    private static string Reflexive(SplitMix64 random, bool grammatical)
    {
        while (true)
        {
            var subject = Modified(random, out var nearest, [.. Lexicon.Women, .. Lexicon.Men]);
            if (subject.Himself == nearest.Himself) continue;
            var meant = grammatical ? subject : nearest;
            return Sentence.Of($"{subject} {random.Pick(Lexicon.SelfDeeds).Past} {meant.Himself} {random.Pick(Lexicon.Places)}");
        }
    }

    /// <summary>"Ever" needs a "no" that stands over it; one inside a relative clause does not.</summary>
    private static string NegativePolarity(SplitMix64 random, bool grammatical)
    {
        var subject = random.Pick(Lexicon.People);
        var other = random.PickOther(Lexicon.Creatures, subject).Singular;
        var (outer, inner) = grammatical ? ("no", "the") : ("the", "no");
        var relative = random.Flip()
            ? $"{inner} {other} {random.Pick(Lexicon.Deeds).Past}"
            : $"{random.Pick(Lexicon.Deeds).Past} {inner} {other}";
        return Sentence.Of(
            $"{outer} {subject.Singular} that {relative} has ever {random.Pick(Lexicon.Acts).Participle} {random.Pick(Lexicon.Places)}");
    }

    /// <summary>What happened yesterday is told in the past, what happens tomorrow with "will".</summary>
    private static string Tense(SplitMix64 random, bool grammatical)
    {
        var past = random.Flip();
        var time = random.Pick(past == grammatical ? Lexicon.PastTimes : Lexicon.FutureTimes);
        var verb = random.Pick(Lexicon.Deeds);
        var told = $"{Subject(random)} {(past ? verb.Past : $"will {verb.Base}")} {random.Pick(Lexicon.Somebody)}";
        return Sentence.Of(random.Flip() ? $"{time} {told}" : $"{told} {random.Pick(Lexicon.Places)} {time}");
    }

    /// <summary>Adjectives stand before their noun, and the article before both.</summary>
    private static string WordOrder(SplitMix64 random, bool grammatical)
    {
        var (adjective, noun) = (random.Pick(Lexicon.Qualities), random.Pick(Lexicon.Creatures).In(random.PickNumber()));
        var phrase = grammatical ? $"the {adjective} {noun}" : random.Flip() ? $"the {noun} {adjective}" : $"{adjective} the {noun}";
        var deed = random.Pick(Lexicon.Deeds).Past;
        return random.NextBelow(3) switch
        {
            0 => Sentence.Of($"{Subject(random)} {deed} {phrase} {random.Pick(Lexicon.Places)}"),
            1 => Sentence.Of($"{random.Pick(Lexicon.Times)} {phrase} {deed} {random.Pick(Lexicon.Somebody)}"),
            _ => Sentence.Of($"{phrase} {deed} {random.Pick(Lexicon.Somebody)} {random.Pick(Lexicon.Places)}"),
        };
    }

    private static NounPhrase Subject(SplitMix64 random) => random.NextBelow(3) == 0
        ? random.Pick(Lexicon.Named)
        : random.Pick(Lexicon.People).The(random.PickNumber(), random.Flip() ? random.Pick(Lexicon.Qualities) : "");

    /// <summary>A subject with a second noun behind it that could be mistaken for its head.</summary>
    private static NounPhrase Modified(SplitMix64 random, out NounPhrase nearest, Noun[]? from = null)
    {
        var (head, other) = random.PickTwo(from ?? Lexicon.Creatures);
        nearest = other.The(random.PickNumber());
        return head.The(random.PickNumber()).With(random.NextBelow(3) switch
        {
            0 => $"{random.Pick(Lexicon.Besides)} {nearest}",
            1 => $"that {nearest} {random.Pick(Lexicon.Deeds).Past}",
            _ => $"that {random.Pick(Lexicon.Deeds).Past} {nearest}",
        });
    }

    /// <summary>"Opened the door", with the verb in the form that was asked for, or in another.</summary>
    private static string Handling(SplitMix64 random, Form asked, bool grammatical)
    {
        var (verb, things) = random.Pick(Lexicon.Handlings);
        return $"{verb.In(grammatical ? asked : random.PickOther(Forms, asked))} the {random.Pick(things)}";
    }

    private static Number Opposite(Number number) => number == Number.Singular ? Number.Plural : Number.Singular;
}
