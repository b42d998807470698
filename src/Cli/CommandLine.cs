using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>The command line as a whole.</summary>
internal static class CommandLine
{
    /// <summary>Runs a command to its end; its exit code (<see cref="ExitCode"/>).</summary>
    public static int Run(string[] arguments)
    {
        var parsed = Root().Parse(arguments);
        return parsed.Errors.Count > 0
            ? Math.Max(ExitCode.Usage, parsed.Invoke())
            : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static RootCommand Root()
    {
        var root =
            new RootCommand(
                "LoRA-drop (arXiv 2402.07721): fine-tune with LoRA only where it matters, as measured by the output of each layer's LoRA.");
        RootHelp.Add(root,
            ("Start here", [new DemoCommand()]),
            ("On this machine, without a service",
            [
                new TrainCommand(), new ImportanceCommand(), new CompareCommand(), new EvaluateCommand(), new PredictCommand(),
                new GenerateCommand(),
                new MergeCommand(), new SizeCommand(),
            ]),
            ("The job service",
            [
                new ServeCommand(), HostCommand.Api(), HostCommand.Worker(), HostCommand.Database(), KeysCommand.Create(),
                new ChildCommand(),
            ]),
            ("Against a job service, here or elsewhere",
            [
                ServiceCommands.Jobs(), ServiceCommands.Datasets(), ServiceCommands.Models(), ServiceCommands.Webhooks(),
                new WorkersCommand(),
                new PresetsCommand(),
            ]));
        return root;
    }
}
