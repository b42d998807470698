namespace LoraDrop.Maker;

public sealed record Verb(string Base, string Past, string Participle, string Gerund)
{
    /// <summary>Reads "help", "see saw seen" or, where the last letter doubles, "hug hugged hugged hugging".</summary>
    public static Verb Parse(string entry) => entry.Split(' ') switch
    {
        [var verb, var past, var participle, var gerund] => new(verb, past, participle, gerund),
        [var verb, var past, var participle] => new(verb, past, participle, Spelling.WithIng(verb)),
        _ => new(entry, Spelling.WithEd(entry), Spelling.WithEd(entry), Spelling.WithIng(entry)),
    };

    public string Present(Number subject) => subject == Number.Singular ? Spelling.WithS(Base) : Base;
}
