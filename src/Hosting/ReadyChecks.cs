using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Hosting;

/// <summary>Checks whether a host can work: queries the database and the object store, each within a time limit.</summary>
public sealed partial class ReadyChecks(IDbContextFactory<JobsContext> contexts, IObjectStore objects, TimeProvider clock,
    ILogger<ReadyChecks> log)
{
    /// <summary>The result of a check that passed.</summary>
    public const string Ok = "ok";

    /// <summary>How long a check may take; the first of a process, which warms up, five times as long.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(3), First = Usual * 5;

    private TimeSpan _limit = First;

    /// <summary>Each check with <see cref="Ok"/>, or why it failed.</summary>
    public async Task<IReadOnlyDictionary<string, string>> RunAsync(CancellationToken cancel)
    {
        var limit = _limit;
        _limit = Usual;
        var (database, store) = (CheckAsync("database", AskDatabaseAsync, limit, cancel),
            CheckAsync("objects", objects.CheckAsync, limit, cancel));
        return new Dictionary<string, string> { ["database"] = await database, ["objects"] = await store };
    }

    private async Task AskDatabaseAsync(CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        await db.Jobs.AnyAsync(cancel);
    }

    /// <summary>A check that ignores the limit is abandoned, so that the answer is in time.</summary>
    private async Task<string> CheckAsync(string what, Func<CancellationToken, Task> check, TimeSpan limit, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            await Task.Run(() => check(either.Token), CancellationToken.None).WaitAsync(either.Token);
            return Ok;
        }
        catch (Exception failed) when (!cancel.IsCancellationRequested) // any failure is the result
        {
            var reason = late.IsCancellationRequested ? $"no answer within {limit.TotalSeconds:0} s" : DatabaseFault.Unreachable(failed)
                ?? Line(failed.GetBaseException().Message);
            Failed(what, reason);
            return $"failed: {reason}";
        }
    }

    private static string Line(string message) =>
        message.ReplaceLineEndings(" ") is { Length: > 200 } text ? text[..200] + "…" : message.ReplaceLineEndings(" ");

    [LoggerMessage(1204, LogLevel.Warning, "The check {What} failed: {Reason}")]
    private partial void Failed(string what, string reason);
}
