namespace LoraDrop.Maker;

/// <summary>Every word of the sample that carries meaning.</summary>
public static class Lexicon
{
    public static readonly NounPhrase[] Girls = Names(Gender.Female, "Anna, Clara, Ella, Emma, Lucy, Maria, Nina, Rosa, Ruth, Vera");
    public static readonly NounPhrase[] Boys = Names(Gender.Male, "Ben, Hugo, Jack, Leo, Max, Oscar, Paul, Peter, Sam, Tom");
    public static readonly NounPhrase[] Named = [.. Girls, .. Boys];

    public static readonly Noun[] Women = Nouns(Gender.Female, "woman women, girl, queen, aunt, mother, princess, actress, nun");
    public static readonly Noun[] Men = Nouns(Gender.Male, "man men, boy, king, uncle, father, prince, actor, monk");
    public static readonly Noun[] Animals = Nouns(Gender.Neuter,
        "dog, cat, horse, cow, fox, goat, duck, rabbit, mouse mice, goose geese, bear, owl");

    /// <summary>People whose gender the noun does not say; they are never taken up by a singular pronoun.</summary>
    public static readonly Noun[] Workers = Nouns(Gender.Neuter,
        "teacher, doctor, farmer, baker, singer, pilot, lawyer, nurse, painter, sailor, waiter, driver, "
        + "gardener, student, writer, cook, soldier, judge");

    public static readonly Noun[] People = [.. Women, .. Men, .. Workers];
    public static readonly Noun[] Creatures = [.. People, .. Animals];

    /// <summary>Somebody in the singular: by name, or as "the baker".</summary>
    public static readonly NounPhrase[] Somebody = [.. Named, .. People.Select(noun => noun.The())];

    /// <summary>What one person or animal does to another.</summary>
    public static readonly Verb[] Deeds = Verbs(
        "help, visit, call, follow, praise, thank, blame, push, chase, greet, invite, watch, see saw seen, "
        + "hear heard heard, teach taught taught, " +
        "warn, trust, admire, pay paid paid, find found found, carry, rescue, fool, choose chose chosen, hug "
        + "hugged hugged hugging, hire, scold, kiss");

    /// <summary>What one can do to oneself.</summary>
    public static readonly Verb[] SelfDeeds =
        Verbs("hurt hurt hurt, wash, praise, blame, see saw seen, hide hid hidden, admire, teach taught taught, help, warm");

    /// <summary>What somebody does alone.</summary>
    public static readonly Verb[] Acts = Verbs(
        "sleep slept slept, sing sang sung, run ran run running, walk, laugh, wait, dance, work, rest, play, whisper, cry, smile, " +
        "sit sat sat sitting, shout, stand stood stood, jump, fall fell fallen");

    /// <summary>What people do to things, with the things they do it to.</summary>
    public static readonly (Verb Verb, string[] Things)[] Handlings =
    [
        Handling("open", "door, box, window, letter, gate"),
        Handling("eat ate eaten", "apple, cake, bread, soup, egg"),
        Handling("break broke broken", "cup, plate, window, chair, lamp"),
        Handling("write wrote written", "letter, book, song, story, list"),
        Handling("paint", "wall, door, chair, fence, boat"),
        Handling("clean", "room, kitchen, table, floor, boat"),
        Handling("take took taken", "key, hat, book, coat, basket"),
        Handling("steal stole stolen", "ring, coin, bread, horse, coat"),
        Handling("drop dropped dropped dropping", "plate, key, egg, basket, lamp"),
        Handling("wash", "plate, coat, window, shirt, cup"),
        Handling("hide hid hidden", "coin, key, ring, letter, map"),
        Handling("sell sold sold", "house, boat, lamp, ring, basket"),
        Handling("drink drank drunk", "tea, milk, juice, water, coffee"),
        Handling("repair", "roof, bridge, clock, fence, boat"),
    ];

    /// <summary>Things that change hands.</summary>
    public static readonly Noun[] Goods = Nouns(Gender.Neuter,
        "book, cup, ring, lamp, map, coat, hat, clock, key, basket, chair, boat, box, coin");

    public static readonly string[] Colours = ["red", "blue", "green", "white", "black", "brown"];
    public static readonly string[] Qualities = ["old", "young", "small", "big", "tall", "thin", "clever", "quiet"];
    public static readonly string[] States = ["tired", "hungry", "happy", "sad", "ill", "cold", "angry", "afraid", "thirsty", "late"];
    public static readonly string[] Manners = ["quickly", "quietly", "slowly", "happily", "often", "never", "always", "sadly"];
    public static readonly string[] Besides = ["near", "behind", "beside", "next to", "in front of"];

    public static readonly string[] Places =
    [
        "in the garden", "in the kitchen", "in the park", "in the village", "in the barn", "at the market", "at the station",
        "by the river",
        "by the lake", "on the bridge", "on the hill", "under the tree", "at the party", "in the church",
    ];

    public static readonly string[] Times =
    [
        "on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday", "on Saturday", "on Sunday", "in the morning",
        "in the evening",
    ];

    public static readonly string[] PastTimes = ["yesterday", "last week", "last month", "last year", "the day before yesterday"];
    public static readonly string[] FutureTimes = ["tomorrow", "next week", "next month", "next year", "the day after tomorrow"];

    /// <summary>Comparatives with their opposites and their superlatives.</summary>
    public static readonly (string More, string Less, string Most, string Least)[] Scales =
    [
        ("taller", "shorter", "tallest", "shortest"), ("older", "younger", "oldest", "youngest"),
        ("faster", "slower", "fastest", "slowest"),
        ("stronger", "weaker", "strongest", "weakest"), ("richer", "poorer", "richest", "poorest"),
        ("happier", "sadder", "happiest", "saddest"),
        ("heavier", "lighter", "heaviest", "lightest"), ("louder", "quieter", "loudest", "quietest"),
    ];

    private static NounPhrase[] Names(Gender gender, string list) =>
        [.. list.Split(", ").Select(name => new NounPhrase(name, Number.Singular, gender))];

    private static Noun[] Nouns(Gender gender, string list) => [.. list.Split(", ").Select(entry => Noun.Parse(entry, gender))];

    private static Verb[] Verbs(string list) => [.. list.Split(", ").Select(Verb.Parse)];

    private static (Verb, string[]) Handling(string verb, string things) => (Verb.Parse(verb), things.Split(", "));
}
