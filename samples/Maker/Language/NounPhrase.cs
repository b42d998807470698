namespace LoraDrop.Maker;

/// <summary>Somebody or something in a sentence, with what agreement needs to know about it.</summary>
public sealed record NounPhrase(string Text, Number Number, Gender Gender)
{
    public string He => Number == Number.Plural
        ? "they"
        : Gender switch { Gender.Male => "he", Gender.Female => "she", Gender.Neuter => "it" };

    public string Him => Number == Number.Plural
        ? "them"
        : Gender switch { Gender.Male => "him", Gender.Female => "her", Gender.Neuter => "it" };

    public string His => Number == Number.Plural
        ? "their"
        : Gender switch { Gender.Male => "his", Gender.Female => "her", Gender.Neuter => "its" };

    public string Himself =>
        Number == Number.Plural
            ? "themselves"
            : Gender switch { Gender.Male => "himself", Gender.Female => "herself", Gender.Neuter => "itself" };

    public string Is => Number == Number.Singular ? "is" : "are";

    public string Was => Number == Number.Singular ? "was" : "were";

    public string Has => Number == Number.Singular ? "has" : "have";

    public NounPhrase With(string modifier) => this with { Text = $"{Text} {modifier}" };

    public override string ToString() => Text;
}
