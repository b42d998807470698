namespace LoraDrop.Maker;

/// <summary>What an auxiliary can ask of the verb behind it: "have" a participle, "be" a gerund, "will" the bare verb.</summary>
public enum Form { Participle, Gerund, Bare }

public sealed record Verb(string Base, string Past, string Participle, string Gerund)
{
    /// <summary>Reads "help", "see saw seen" or, where the last letter doubles, "hug hugged hugged hugging".</summary>
    public static Verb Parse(string entry) => entry.Split(' ') switch
    {
        [var verb, var past, var participle, var gerund] => new(verb, past, participle, gerund),
        [var verb, var past, var participle] => new(verb, past, participle, Spelling.WithIng(verb)),
        _ => new(entry, Spelling.WithEd(entry), Spelling.WithEd(entry), Spelling.WithIng(entry)),
    };

    public string In(Form form) => form switch { Form.Participle => Participle, Form.Gerund => Gerund, Form.Bare => Base };

    public string Present(Number subject) => subject == Number.Singular ? Spelling.WithS(Base) : Base;
}
