using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Tells who shows a key. A key that was found is remembered for some seconds, so that readers that poll cost the database nothing.</summary>
internal sealed class KnownKeys(IDbContextFactory<JobsContext> contexts, TimeProvider clock)
{
    /// <summary>So long a key may go on to work after another process revoked it.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);

    /// <summary>How exactly it is known when a key was last used: writing that down for each request would cost more than the request.</summary>
    private static readonly TimeSpan UseIsKnownTo = TimeSpan.FromMinutes(10);

    private const int Most = 10_000;

    private readonly ConcurrentDictionary<string, (ApiKeyRow Row, long At)> _seen = new();

    /// <summary>The caller, or why there is none.</summary>
    public async Task<(Caller? Caller, string? Reason)> FindAsync(string key, CancellationToken cancel)
    {
        if (ApiKeyText.PrefixOf(key) is not { } prefix) return (null, "What was sent is no key of this service.");
        if (await RowAsync(prefix, cancel) is not { } row || !Same(row.Sha256, ApiKeyText.Digest(key))) return (null, "There is no such key.");
        if (row.RevokedAt is { } revoked) return (null, $"The key {prefix} was revoked on {revoked:u}.");
        if (row.ExpiresAt is { } expires && expires <= clock.GetUtcNow()) return (null, $"The key {prefix} expired on {expires:u}.");
        return (Caller.Of(row), null);
    }

    /// <summary>Has a key read again when it is shown next.</summary>
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

    private static bool Same(string digest, string other) => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(digest), Encoding.ASCII.GetBytes(other));
}
