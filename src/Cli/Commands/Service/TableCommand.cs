using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Lists what a service has all at once, as a table or as JSON lines.</summary>
/// <param name="name">The command's name.</param>
/// <param name="description">What it lists.</param>
/// <param name="headings">One per column, as <see cref="PlainTable"/> takes them.</param>
internal abstract class TableCommand<T>(string name, string description, params string[] headings) : ServiceCommand(name, description)
{
    /// <summary>Asks the service.</summary>
    protected abstract IAsyncEnumerable<Reply<T>> ListAsync(ServiceClient service, CancellationToken cancel);

    /// <summary>One text per column; null is shown as a dash.</summary>
    protected abstract IReadOnlyList<string?> Row(T item);

    protected sealed override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var items = new List<T>();
        await foreach (var item in ListAsync(service, cancel))
        {
            terminal.TellJson(item.Json);
            items.Add(item.Value);
        }
        if (!terminal.Json) PlainTable.Write(terminal.Console, headings, items.Select(Row));
        return ExitCode.Done;
    }
}
