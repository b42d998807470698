namespace LoraDrop.Hosting;

/// <summary>Metrics that are read when they are scraped.</summary>
public interface IScraped
{
    /// <summary>Updates the values; those that cannot be read are left out.</summary>
    Task RefreshAsync(CancellationToken cancel);
}
