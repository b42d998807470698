using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>
/// How much of the first sentence does the second tell, from 0 to 5? Each difference has a price; another word for the same thing
/// and another voice cost nothing.
/// </summary>
public static class Similar
{
    [Flags]
    private enum Difference { None = 0, Deed = 1, Denied = 2, Swapped = 4, Agent = 8, Patient = 16, Place = 32, Time = 64 }

    private static readonly (Difference Difference, int Price)[] Prices =
    [
        (Difference.Deed, 2), (Difference.Denied, 2), (Difference.Swapped, 2),
        (Difference.Agent, 1), (Difference.Patient, 1), (Difference.Place, 1), (Difference.Time, 1),
    ];

    private static readonly Difference[][] AtPrice =
        [.. Enumerable.Range(0, 6).Select(price => Possible().Where(set => PriceOf(set) == price).ToArray())];

    private static readonly string[][] People =
    [
        ["doctor", "physician"], ["boy", "lad"], ["lawyer", "attorney"], ["thief", "robber"], ["guest", "visitor"], ["student", "pupil"],
        ["singer", "vocalist"], ["writer", "author"], ["woman", "lady"], ["cook", "chef"], ["king", "monarch"], ["sailor", "seaman"],
    ];

    private static readonly Verb[][] Deeds =
    [
        Synonyms("help", "assist"), Synonyms("phone", "call"), Synonyms("chase", "pursue"), Synonyms("see saw seen", "notice"),
        Synonyms("save", "rescue"), Synonyms("fool", "trick"), Synonyms("hire", "employ"), Synonyms("choose chose chosen", "pick"),
        Synonyms("scold", "rebuke"), Synonyms("greet", "welcome"),
    ];

    private static readonly string[][] Places =
    [
        ["at home", "in the house"], ["in the woods", "in the forest"], ["in the shop", "in the store"], ["at the seaside", "on the beach"],
        ["in the street", "on the road"], ["in the castle", "in the palace"], ["at work", "in the office"], ["at school", "in class"],
    ];

    private static readonly string[][] Times =
    [
        ["at noon", "at midday"], ["at dawn", "at sunrise"], ["at dusk", "at sunset"], ["in autumn", "in fall"], ["at night", "after dark"],
        ["in spring", "in springtime"],
    ];

    public static string Draw(SplitMix64 random, int score)
    {
        var told = Meaning.Any(random);
        return $"{told.Written(random)}\t{told.Changed(random, random.Pick(AtPrice[5 - score])).Written(random)}";
    }

    /// <summary>An event as meanings, each with the words that can express it.</summary>
    private sealed record Meaning(string[] Agent, Verb[] Deed, string[] Patient, string[] Place, string[] Time, bool Denied)
    {
        public static Meaning Any(SplitMix64 random)
        {
            var (agent, patient) = random.PickTwo(People);
            return new(agent, random.Pick(Deeds), patient, random.Pick(Places), random.Pick(Times), random.NextBelow(4) == 0);
        }

        public Meaning Changed(SplitMix64 random, Difference differences)
        {
            var (agent, patient) = random.PickTwo([.. People.Where(person => person != Agent && person != Patient)]);
            var changed = this;
            foreach (var (difference, _) in Prices.Where(price => differences.HasFlag(price.Difference)))
                changed = difference switch
                {
                    Difference.Deed => changed with { Deed = random.PickOther(Deeds, Deed) },
                    Difference.Denied => changed with { Denied = !Denied },
                    Difference.Swapped => changed with { Agent = Patient, Patient = Agent },
                    Difference.Agent => changed with { Agent = agent },
                    Difference.Patient => changed with { Patient = patient },
                    Difference.Place => changed with { Place = random.PickOther(Places, Place) },
                    _ => changed with { Time = random.PickOther(Times, Time) },
                };
            return changed;
        }

        public string Written(SplitMix64 random)
        {
            NounPhrase Person(string[] words) => new($"the {random.Pick(words)}", Number.Singular, Gender.Neuter);
            var clause = new Clause(Person(Agent), random.Pick(Deed), Person(Patient), random.Pick(Place), random.Pick(Time), Denied);
            return Sentence.Of(clause.InEitherVoice(random));
        }
    }

    /// <summary>All sets of differences; who is swapped is not also replaced.</summary>
    private static IEnumerable<Difference> Possible() =>
        from bits in Enumerable.Range(0, 1 << Prices.Length)
        let set = (Difference)bits
        where !(set.HasFlag(Difference.Swapped) && (set & (Difference.Agent | Difference.Patient)) != 0)
        select set;

    private static int PriceOf(Difference set) => Prices.Where(price => set.HasFlag(price.Difference)).Sum(price => price.Price);

    private static Verb[] Synonyms(params string[] entries) => [.. entries.Select(Verb.Parse)];
}
