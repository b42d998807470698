using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Makes and revokes API keys.</summary>
public sealed class ApiKeys(JobsContext db, TimeProvider clock)
{
    /// <summary>Makes a key.</summary>
    /// <param name="asked">Without faults.</param>
    /// <param name="by">Who makes it, for the audit.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The row, and the key itself, which is nowhere to be had again.</returns>
    public async Task<(ApiKeyRow Row, string Key)> CreateAsync(KeyRequest asked, string by, CancellationToken cancel)
    {
        var (key, prefix) = ApiKeyText.New();
        var row = new ApiKeyRow
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()), Name = asked.Name, Prefix = prefix, Sha256 = ApiKeyText.Digest(key),
            Owner = asked.Whose, Role = asked.Role,
            RequestsPerMinute = asked.RequestsPerMinute, ActiveJobs = asked.ActiveJobs, ExpiresAt = asked.ExpiresAt,
            CreatedAt = clock.GetUtcNow(), CreatedBy = by,
        };
        db.Add(row);
        await db.SaveChangesAsync(cancel);
        return (row, key);
    }

    /// <summary>The key of that id or prefix.</summary>
    public Task<ApiKeyRow?> FindAsync(string idOrPrefix, CancellationToken cancel)
    {
        var id = Guid.TryParse(idOrPrefix, out var parsed) ? parsed : Guid.Empty;
        return db.ApiKeys.FirstOrDefaultAsync(k => k.Id == id || k.Prefix == idOrPrefix, cancel);
    }

    /// <summary>From now on the key is refused. Done twice, it says when it was done first.</summary>
    public async Task<Answer<ApiKeyRow>> RevokeAsync(string idOrPrefix, CancellationToken cancel)
    {
        if (await FindAsync(idOrPrefix, cancel) is not { } row) return new Refusal.Missing("key", idOrPrefix);
        row.RevokedAt ??= clock.GetUtcNow();
        await db.SaveChangesAsync(cancel);
        return row;
    }
}
