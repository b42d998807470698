namespace LoraDrop.Cli;

/// <summary>Shows a job's progress; disposing it leaves the cursor on a new line.</summary>
internal interface IJobView : IDisposable
{
    void Report(Followed followed);
}
