using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Conversions shared by several views.</summary>
internal static class Views
{
    /// <summary>The owner; null, and so omitted, on a service without owners.</summary>
    public static string? Owner(string owner) => owner == Caller.Nobody ? null : owner;
}
