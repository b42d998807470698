using System.CommandLine;
using System.CommandLine.Parsing;

namespace LoraDrop.Cli;

/// <summary>What options are held to before a command runs.</summary>
internal static class OptionRules
{
    /// <summary>An option that takes a whole number within bounds.</summary>
    public static Option<int> Whole(string name, string description, int most, int otherwise, int least = 1)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var written] && int.TryParse(written.Value, out var n) && (n < least || n > most)) result.AddError($"{name} must lie in {least} to {most}"); // what is no number, the parser refuses
        });
        return option;
    }

    /// <summary>An empty text names no file and sets nothing; mostly it is a shell variable that was never set.</summary>
    public static void RefuseEmpty(CommandResult command)
    {
        foreach (var given in command.Children)
            if (given.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value))) command.AddError($"{(given as OptionResult)?.Option.Name ?? (given as ArgumentResult)?.Argument.Name} must not be empty");
    }
}
