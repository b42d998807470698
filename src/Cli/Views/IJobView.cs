namespace LoraDrop.Cli;

/// <summary>Shows a job that is followed; disposing it leaves the terminal on a fresh line.</summary>
internal interface IJobView : IDisposable
{
    void Report(Followed followed);
}
