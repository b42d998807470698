namespace LoraDrop.Domain;

/// <summary>A place where an adapter can sit: a module type (<c>query</c>) in a layer, counted from 0.</summary>
public readonly record struct Site(string Type, int Layer)
{
    public override string ToString() => $"{Type} {Layer}";
}
