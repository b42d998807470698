namespace LoraDrop.Maker;

public enum Number { Singular, Plural }

public enum Gender { Male, Female, Neuter }

public sealed record Noun(string Singular, string Plural, Gender Gender)
{
    /// <summary>Reads "dog" or, where the plural is irregular, "mouse mice".</summary>
    public static Noun Parse(string entry, Gender gender) =>
        entry.Split(' ') is [var singular, var plural] ? new(singular, plural, gender) : new(entry, Spelling.WithS(entry), gender);

    public string In(Number number) => number == Number.Singular ? Singular : Plural;

    public NounPhrase The(Number number = Number.Singular, string adjective = "") =>
        new(adjective == "" ? $"the {In(number)}" : $"the {adjective} {In(number)}", number, Gender);
}
