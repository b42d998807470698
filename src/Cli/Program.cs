using System.CommandLine;
using LoraDrop.Cli;

var root = new RootCommand("LoRA-drop (arXiv 2402.07721): fine-tune with LoRA only where it matters, measured by what each layer's LoRA puts out.")
{
    new DemoCommand(), new TrainCommand(), new ImportanceCommand(), new CompareCommand(), new EvaluateCommand(), new PredictCommand(), new MergeCommand(), new ServeCommand(), new ChildCommand(),
};
var parsed = root.Parse(args);
return parsed.Errors.Count > 0 ? Math.Max(ExitCode.Usage, parsed.Invoke()) : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
