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
        const string Purpose =
            "LoRA-drop (arXiv 2402.07721): fine-tune with LoRA only where it matters, as measured by the output of each layer's LoRA.";
        var root = new RootCommand(Purpose);
        RootHelp.Add(root,
            ("Start here", [new DemoCommand()]),
            ("On this machine, without a service", OnThisMachine()),
            ("The job service", Service()),
            ("Against a job service, here or elsewhere", AgainstAService()));
        return root;
    }

    private static Command[] OnThisMachine() =>
    [
        new TrainCommand(), new ImportanceCommand(), new CompareCommand(), new EvaluateCommand(), new PredictCommand(),
        new GenerateCommand(),
        new MergeCommand(), new SizeCommand(),
    ];

    private static Command[] Service() =>
        [new ServeCommand(), HostCommand.Api(), HostCommand.Worker(), HostCommand.Database(), KeysCommand.Create(), new ChildCommand()];

    private static Command[] AgainstAService() =>
    [
        ServiceCommands.Jobs(), ServiceCommands.Experiments(), ServiceCommands.Datasets(), ServiceCommands.Models(),
        ServiceCommands.Webhooks(), new WorkersCommand(),
        new PresetsCommand(), new MethodsCommand(),
    ];
}
