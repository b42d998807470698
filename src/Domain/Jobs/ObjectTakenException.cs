namespace LoraDrop.Domain;

/// <summary>The key already has an object with different content. Objects are written once, so nothing was stored.</summary>
public sealed class ObjectTakenException(string key)
    : IOException($"Object {key} already exists with different content. Objects are written once; nothing was stored.")
{
    /// <summary>The key that already exists.</summary>
    public string Key { get; } = key;
}
