namespace LoraDrop.Storage;

/// <summary>Writes down who changed what.</summary>
public sealed class AuditLog(JobsContext db, TimeProvider clock)
{
    /// <param name="caller">Who.</param>
    /// <param name="action">The operation.</param>
    /// <param name="target">The address of what was made or changed.</param>
    /// <param name="address">Where the request came from; null on the command line.</param>
    /// <param name="traceId">The request's trace.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task WriteAsync(Caller caller, string action, string target, string? address, string? traceId, CancellationToken cancel)
    {
        db.ChangeTracker.Clear(); // what was changed is saved; what was refused stays so
        db.Audit.Add(new() { At = clock.GetUtcNow(), Actor = caller.Name, Owner = caller.Owner, Role = caller.Role, Action = action,
            Target = target, Address = address, TraceId = traceId });
        await db.SaveChangesAsync(cancel);
    }
}
