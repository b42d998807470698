namespace LoraDrop.Storage;

/// <summary>Records who changed what.</summary>
public sealed class AuditLog(JobsContext db, TimeProvider clock)
{
    /// <param name="caller">The caller.</param>
    /// <param name="action">The operation.</param>
    /// <param name="target">The path of the created or changed resource.</param>
    /// <param name="address">The client's address; null on the command line.</param>
    /// <param name="traceId">The request's trace.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public async Task WriteAsync(Caller caller, string action, string target, string? address, string? traceId, CancellationToken cancel)
    {
        db.ChangeTracker.Clear(); // changes made are already saved; refused ones must not be
        db.Audit.Add(new() { At = clock.GetUtcNow(), Actor = caller.Name, Owner = caller.Owner, Role = caller.Role, Action = action,
            Target = target, Address = address, TraceId = traceId });
        await db.SaveChangesAsync(cancel);
    }
}
