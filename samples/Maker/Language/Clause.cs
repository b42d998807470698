using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>Who did what to whom, perhaps where and when, in the past.</summary>
public sealed record Clause(NounPhrase Agent, Verb Deed, NounPhrase Patient, string Where = "", string When = "", bool Negated = false)
{
    public string Active => $"{Agent} {(Negated ? $"did not {Deed.Base}" : Deed.Past)} {Patient} {Where} {When}";

    public string Passive => $"{Patient} {Patient.Was} {(Negated ? "not" : "")} {Deed.Participle} by {Agent} {Where} {When}";

    /// <summary>The same deed, done by the one it was done to.</summary>
    public Clause Swapped => this with { Agent = Patient, Patient = Agent };

    public string InEitherVoice(SplitMix64 random) => random.Flip() ? Active : Passive;
}
