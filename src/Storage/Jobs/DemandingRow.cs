namespace LoraDrop.Storage;

/// <summary>Work that not every worker can do.</summary>
public interface IDemandingRow
{
    /// <summary>The labels that a worker must have (<see cref="Domain.WorkerDemand.Selector"/>); null: any.</summary>
    string? Selector { get; }

    /// <summary>The least memory of the worker's device in bytes; 0: any.</summary>
    long Memory { get; }
}

internal static class DemandingRows
{
    /// <summary>Those whose demands a worker meets.</summary>
    public static IQueryable<T> Fit<T>(this IQueryable<T> rows, WorkerAbility worker) where T : class, IDemandingRow
    {
        var (selectors, memory) = (worker.Selectors, worker.Memory);
        rows = rows.Where(row => row.Memory <= memory);
        return selectors.Count == 0
            ? rows.Where(row => row.Selector == null)
            : rows.Where(row => row.Selector == null || selectors.Contains(row.Selector));
    }
}
