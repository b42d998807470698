using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>Creates and revokes API keys.</summary>
public sealed class ApiKeys(JobsContext db, TimeProvider clock)
{
    /// <summary>Creates a key.</summary>
    /// <param name="asked">The validated request.</param>
    /// <param name="by">The creator, for the audit log.</param>
    /// <param name="cancel">Cancels the operation.</param>
    /// <returns>The row, and the key itself, which cannot be retrieved again.</returns>
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

    /// <summary>Finds a key by id or prefix.</summary>
    public Task<ApiKeyRow?> FindAsync(string idOrPrefix, CancellationToken cancel)
    {
        var id = Guid.TryParse(idOrPrefix, out var parsed) ? parsed : Guid.Empty;
        return db.ApiKeys.FirstOrDefaultAsync(k => k.Id == id || k.Prefix == idOrPrefix, cancel);
    }

    /// <summary>Revokes a key. A second call returns the time of the first.</summary>
    public async Task<Answer<ApiKeyRow>> RevokeAsync(string idOrPrefix, CancellationToken cancel)
    {
        if (await FindAsync(idOrPrefix, cancel) is not { } row) return new Refusal.Missing("key", idOrPrefix);
        row.RevokedAt ??= clock.GetUtcNow();
        await db.SaveChangesAsync(cancel);
        return row;
    }
}
