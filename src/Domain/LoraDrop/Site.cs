namespace LoraDrop.Domain;

/// <summary>A place for an adapter: a module type (<c>query</c>) in a layer, counted from 0.</summary>
public readonly record struct Site(string Type, int Layer)
{
    public override string ToString() => $"{Type} {Layer}";
}
