using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists the tuning methods.</summary>
internal sealed class MethodsCommand() : ServiceCommand("methods", "List the tuning methods for --method")
{
    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var methods = new List<MethodView>();
        await foreach (var method in service.MethodsAsync(cancel))
        {
            terminal.TellJson(method.Json);
            methods.Add(method.Value);
        }
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["method", "settings", "placed", "exported as", "trains"], methods.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(MethodView method) =>
        [method.Name, method.Section, JsonText.NameOf(method.Placing), JsonText.NameOf(method.Export), method.Summary];
}
