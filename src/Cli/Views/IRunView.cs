namespace LoraDrop.Cli;

/// <summary>Shows a run's progress; disposing it leaves the cursor on a new line.</summary>
internal interface IRunView : IDisposable
{
    void Report(RunEvent happened);
}
