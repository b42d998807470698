using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace LoraDrop.Cli;

/// <summary>Root help with commands in groups; each command's own help is unchanged.</summary>
internal sealed class RootHelp(HelpAction usual, IReadOnlyList<(string Heading, Command[] Commands)> groups) : SynchronousCommandLineAction
{
    /// <summary>Adds commands to the program, and the help that groups them.</summary>
    public static void Add(RootCommand root, params (string Heading, Command[] Commands)[] groups)
    {
        foreach (var command in groups.SelectMany(group => group.Commands)) root.Add(command);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new RootHelp((HelpAction)help.Action!, groups);
    }

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not RootCommand root) return usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine($"{root.Description}\n\nUsage: loradrop <command> [options]        loradrop <command> --help");
        foreach (var (heading, commands) in groups)
        {
            output.WriteLine($"\n{heading}:");
            foreach (var command in commands.Where(command => !command.Hidden))
                output.WriteLine($"  {command.Name,-11} {command.Description}{Verbs(command)}");
        }
        output.WriteLine("\nOptions:\n  --help      Help, of a command too\n  --version   The version");
        return ExitCode.Done;
    }

    private static string Verbs(Command command) =>
        command.Subcommands.Count == 0 ? "" : $": {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}";
}
