namespace LoraDrop.Storage;

/// <summary>What keys of objects are made of: parts of letters, digits, <c>. _ -</c>, with <c>/</c> between them.</summary>
internal static class ObjectKey
{
    /// <summary>The key as it came.</summary>
    /// <exception cref="ArgumentException">It is none; no key may lead out of the store.</exception>
    public static string Checked(string key) =>
        key.Split('/').Any(part => part is "" or "." or ".." || !part.All(MayHold))
            ? throw new ArgumentException($"not the key of an object: {key}", nameof(key))
            : key;

    public static bool MayHold(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}
