using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>The commands against a service, by what they are about.</summary>
internal static class ServiceCommands
{
    public static Command Jobs() => new("jobs", "Fine-tuning jobs")
    {
        new SubmitCommand(), new WatchCommand(), new ListJobsCommand(), new GetJobCommand(), new PauseCommand(), new ResumeCommand(), new CancelCommand(), new RetryCommand(), new DeleteJobCommand(), new JobImportanceCommand(),
        new EventsCommand(), new DownloadCommand(),
    };

    public static Command Datasets() => new("datasets", "Data to learn from")
    {
        new UploadCommand(), new AddDatasetCommand(), new ListDatasetsCommand(), new GetDatasetCommand(), new PreviewCommand(), new DeleteDatasetCommand(),
    };

    public static Command Models() => new("models", "Base models")
    {
        new AddModelCommand(), new ListModelsCommand(), new GetModelCommand(), new DeleteModelCommand(), new ConvertModelCommand(),
    };
}
