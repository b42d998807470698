namespace LoraDrop.Domain;

/// <summary>An object was to be stored under a key that holds other content already. Objects are written once, so nothing was changed.</summary>
public sealed class ObjectTakenException(string key) : IOException($"There is an object {key} already, with other content. Objects are written once: nothing was stored.")
{
    /// <summary>The key that is taken.</summary>
    public string Key { get; } = key;
}
