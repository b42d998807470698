using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Paging options of a list.</summary>
internal sealed class ListOptions
{
    /// <summary>Largest page of the service.</summary>
    private const int LargestPart = 100;

    private readonly Option<int> _limit = OptionRules.Whole("--limit", "At most so many", 1_000_000, 20);
    private readonly Option<bool> _all = new("--all") { Description = "List all, not only the first page" };

    public ListOptions(Command command)
    {
        command.Add(_limit);
        command.Add(_all);
    }

    /// <summary>Reads as many pages as needed; with --json, writes each object as it arrives.</summary>
    public async Task<List<T>> ReadAsync<T>(ParseResult options, Terminal terminal, Func<string, IAsyncEnumerable<Reply<T>>> list,
        IEnumerable<(string Name, string Value)> filters, CancellationToken cancel)
    {
        var most = options.GetValue(_all) ? int.MaxValue : options.GetValue(_limit);
        var fields = filters.Append(("limit", $"{Math.Min(most, LargestPart)}"))
            .Select(field => $"{field.Item1}={Uri.EscapeDataString(field.Item2)}");
        var items = new List<T>();
        await foreach (var item in list($"?{string.Join('&', fields)}").WithCancellation(cancel))
        {
            terminal.TellJson(item.Json);
            items.Add(item.Value);
            if (items.Count == most) break;
        }
        return items;
    }
}
