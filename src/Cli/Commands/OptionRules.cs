using System.CommandLine;
using System.CommandLine.Parsing;

namespace LoraDrop.Cli;

/// <summary>Validates options before a command runs.</summary>
internal static class OptionRules
{
    /// <summary>The option whose value may be white space: a line break can end an answer.</summary>
    private const string MayBeBlank = "--stop";

    /// <summary>An option that takes a whole number within bounds.</summary>
    public static Option<int> Whole(string name, string description, int most, int otherwise, int least = 1)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var written] && int.TryParse(written.Value, out var n) && (n < least || n > most))
                result.AddError($"{name} must lie in {least} to {most}"); // the parser refuses what is not a number
        });
        return option;
    }

    /// <summary>An option that takes a name and its value, each name once; may be repeated.</summary>
    public static Option<string[]> Pairs(string name, string description, string example)
    {
        var option = new Option<string[]>(name) { Description = description };
        option.Validators.Add(result =>
        {
            string[] written = [.. result.Tokens.Select(token => token.Value)];
            foreach (var bare in written.Where(pair => pair.IndexOf('=') < 1))
                result.AddError($"{name} must be a name and a value: {example}; got '{bare}'");
            foreach (var twice in written.Where(pair => pair.Contains('=')).GroupBy(pair => pair[..pair.IndexOf('=')])
                .Where(group => group.Count() > 1))
                result.AddError($"{name} has {twice.Key} more than once");
        });
        return option;
    }

    /// <summary>Parses the values of such an option.</summary>
    public static IEnumerable<KeyValuePair<string, string>> PairsOf(IEnumerable<string> written) =>
        written.Select(pair => KeyValuePair.Create(pair[..pair.IndexOf('=')], pair[(pair.IndexOf('=') + 1)..]));

    /// <summary>Refuses empty values: usually a shell variable that was never set.</summary>
    public static void RefuseEmpty(CommandResult command)
    {
        foreach (var given in command.Children)
            if (given.Tokens.Any(token => given is OptionResult { Option.Name: MayBeBlank }
                ? token.Value.Length == 0
                : string.IsNullOrWhiteSpace(token.Value)))
                command.AddError($"{(given as OptionResult)?.Option.Name ?? (given as ArgumentResult)?.Argument.Name} must not be empty");
    }

    /// <summary>The argument of a resource's id.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">Its help text.</param>
    /// <param name="otherwise">What is said after a text that is no id.</param>
    public static Argument<Guid> Id(string name, string description, string otherwise) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            if (!Guid.TryParse(result.Tokens[0].Value, out var id)) result.AddError($"'{result.Tokens[0].Value}' {otherwise}");
            return id;
        },
    };
}
