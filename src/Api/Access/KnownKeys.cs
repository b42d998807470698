using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Looks up API keys. Caches each key for a few seconds, so that polling does not load the database.</summary>
internal sealed class KnownKeys(IDbContextFactory<JobsContext> contexts, TimeProvider clock)
{
    /// <summary>How long a key may keep working after another process revoked it.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);

    /// <summary>Resolution of a key's last use. Recording each request would cost more than the request itself.</summary>
    private static readonly TimeSpan UseIsKnownTo = TimeSpan.FromMinutes(10);

    private const int Most = 10_000;

    private readonly ConcurrentDictionary<string, (ApiKeyRow Row, long At)> _seen = new();

    /// <summary>The caller, or the reason why the credential is rejected.</summary>
    public async Task<(Caller? Caller, string? Reason)> FindAsync(string key, CancellationToken cancel)
    {
        if (ApiKeyText.PrefixOf(key) is not { } prefix) return (null, "The credential is not an API key of this service.");
        if (await RowAsync(prefix, cancel) is not { } row || !Same(row.Sha256, ApiKeyText.Digest(key)))
            return (null, "The API key is unknown.");
        if (row.RevokedAt is { } revoked) return (null, $"The API key {prefix} was revoked on {revoked:u}.");
        if (row.ExpiresAt is { } expires && expires <= clock.GetUtcNow()) return (null, $"The API key {prefix} expired on {expires:u}.");
        return (Caller.Of(row), null);
    }

    /// <summary>Removes a key from the cache.</summary>
    public void Forget(string prefix) => _seen.TryRemove(prefix, out _);

    private async Task<ApiKeyRow?> RowAsync(string prefix, CancellationToken cancel)
    {
        if (_seen.TryGetValue(prefix, out var seen) && clock.GetElapsedTime(seen.At) < Remembered) return seen.Row;
        await using var db = await contexts.CreateDbContextAsync(cancel);
        if (await db.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Prefix == prefix, cancel) is not { } row) return null;
        await NoteUseAsync(db, row, cancel);
        if (_seen.Count >= Most) _seen.Clear();
        _seen[prefix] = (row, clock.GetTimestamp());
        return row;
    }

    private async Task NoteUseAsync(JobsContext db, ApiKeyRow row, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (row.UsedAt > now - UseIsKnownTo) return;
        await db.ApiKeys.Where(k => k.Id == row.Id).ExecuteUpdateAsync(set => set.SetProperty(k => k.UsedAt, now), cancel);
    }

    private static bool Same(string digest, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(digest), Encoding.ASCII.GetBytes(other));
}
