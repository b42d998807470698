using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>What several answers show in the same way.</summary>
internal static class Views
{
    /// <summary>Whose something is; null, which answers leave out, where nobody is told from another.</summary>
    public static string? Owner(string owner) => owner == Caller.Nobody ? null : owner;
}
