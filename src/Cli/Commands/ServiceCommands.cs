using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Groups the commands that call a service by resource.</summary>
internal static class ServiceCommands
{
    public static Command Jobs() => new("jobs", "Fine-tuning jobs")
    {
        new SubmitCommand(), new EstimateCommand(), new CloneCommand(), new WatchCommand(), new ListJobsCommand(), new GetJobCommand(),
        new PauseCommand(), new ResumeCommand(), new CancelCommand(), new RetryCommand(), new DeleteJobCommand(), new RestoreCommand(),
        new JobImportanceCommand(), new PredictJobCommand(), new EvaluateJobCommand(),
        new EventsCommand(), new DownloadCommand(),
    };

    public static Command Experiments() => new("experiments", "Grids of jobs, run and compared as one")
    {
        new RunExperimentCommand(), new WatchExperimentCommand(), new ListExperimentsCommand(), new GetExperimentCommand(),
        new ExperimentTableCommand(), new PlotExperimentCommand(), new ExtendExperimentCommand(),
        new ChangeExperimentCommand("pause", "Pause an experiment until it is resumed"),
        new ChangeExperimentCommand("resume", "Resume a paused experiment"), new ChangeExperimentCommand("cancel", "Cancel an experiment"),
        new ChangeExperimentCommand("retry", "Retry its failed and cancelled jobs"), new DeleteExperimentCommand(),
        new ExperimentPresetsCommand(),
    };

    public static Command Datasets() => new("datasets", "Data to learn from")
    {
        new UploadCommand(), new AddDatasetCommand(), new ListDatasetsCommand(), new GetDatasetCommand(), new PreviewCommand(),
        new DeleteDatasetCommand(),
    };

    public static Command Webhooks() => new("webhooks", "Manage webhooks")
    {
        new AddWebhookCommand(), new ListWebhooksCommand(), new GetWebhookCommand(), new UpdateWebhookCommand(), new RotateSecretCommand(),
        new DeleteWebhookCommand(), new TestWebhookCommand(), new DeliveriesCommand(), new ReplayCommand(),
    };

    public static Command Models() => new("models", "Base models")
    {
        new AddModelCommand(), new ListModelsCommand(), new GetModelCommand(), new DeleteModelCommand(), new ConvertModelCommand(),
    };
}
