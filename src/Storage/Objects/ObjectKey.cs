namespace LoraDrop.Storage;

/// <summary>The syntax of object keys: segments of letters, digits and <c>. _ -</c>, separated by <c>/</c>.</summary>
internal static class ObjectKey
{
    /// <summary>Returns a valid key unchanged.</summary>
    /// <exception cref="ArgumentException">It is invalid; no key may lead out of the store.</exception>
    public static string Checked(string key) =>
        key.Split('/').Any(part => part is "" or "." or ".." || !part.All(MayHold))
            ? throw new ArgumentException($"not the key of an object: {key}", nameof(key))
            : key;

    public static bool MayHold(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}
