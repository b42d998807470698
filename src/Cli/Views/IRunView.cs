namespace LoraDrop.Cli;

/// <summary>Shows what a run reports; disposing it leaves the terminal on a fresh line.</summary>
internal interface IRunView : IDisposable
{
    void Report(RunEvent happened);
}
