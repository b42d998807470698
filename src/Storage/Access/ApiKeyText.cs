using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Storage;

/// <summary>The format of API keys: <c>ld_</c>, an eight-character prefix for lookup, and 256 random bits. Secret scanners can recognize
/// it.</summary>
public static partial class ApiKeyText
{
    public const string Start = "ld_";

    private const int PrefixLength = 11;

    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Creates a key; returns it and its prefix.</summary>
    public static (string Key, string Prefix) New()
    {
        var prefix = Start + RandomNumberGenerator.GetString(Letters, PrefixLength - Start.Length);
        return ($"{prefix}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}", prefix);
    }

    /// <summary>The prefix of a well-formed key; null for anything else.</summary>
    public static string? PrefixOf(string written) => Whole().IsMatch(written) ? written[..PrefixLength] : null;

    /// <summary>sha256 in hexadecimal.</summary>
    public static string Digest(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>The text with every key in it cut to its prefix.</summary>
    public static string Masked(string text) => text.Contains(Start, StringComparison.Ordinal) ? Anywhere().Replace(text, "$1_…") : text;

    [GeneratedRegex("^ld_[a-z0-9]{8}_[A-Za-z0-9_-]{43}$")]
    private static partial Regex Whole();

    [GeneratedRegex("(ld_[a-z0-9]{8})_[A-Za-z0-9_-]{20,}")]
    private static partial Regex Anywhere();
}
