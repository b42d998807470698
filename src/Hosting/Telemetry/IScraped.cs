namespace LoraDrop.Hosting;

/// <summary>Numbers that are looked up when somebody asks for them.</summary>
public interface IScraped
{
    /// <summary>Brings them up to date; what cannot be looked up is not told at all.</summary>
    Task LookAsync(CancellationToken cancel);
}
