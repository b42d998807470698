using System.Text.Json;
using System.Text.RegularExpressions;

namespace LoraDrop.Worker;

/// <summary>Reads the commit of a revision and the files of a commit from the hub.</summary>
internal sealed partial class HubListing(HubConnection connection, RetryPolicy retries, RepositoryAddress address, HubRefusal refusal)
{
    private const int MostPages = 1_000;            // the hub puts a thousand files on one
    private const int LongestAnswer = 64 << 20;

    public async Task<string> CommitAsync(CancellationToken cancel)
    {
        var (revision, _) = await GetPageAsync<HubJson.Revision>(address.OfRevision(), cancel);
        return revision.IsUsable ? revision.Sha! : throw Unusable($"it returned no commit for {address.Revision}");
    }

    /// <summary>All files with safe paths inside the repository; others are ignored.</summary>
    public async Task<IReadOnlyList<RepositoryFile>> FilesAsync(string commit, CancellationToken cancel)
    {
        var files = new List<RepositoryFile>();
        Uri? page = address.OfTree(commit);
        for (var pages = 0; page is not null; pages++)
        {
            if (pages == MostPages) throw Unusable($"its list of the files of {address.Name} has more than {MostPages} pages");
            (var entries, page) = await GetPageAsync<HubJson.Entry[]>(page, cancel);
            files.AddRange(entries.Where(entry => entry.Type == "file" && IsPlain(entry.Path)).Select(ToFile));
        }
        return files;
    }

    private RepositoryFile ToFile(HubJson.Entry entry) =>
        entry.IsUsable ? entry.ToFile() : throw Unusable($"it lists {entry.Path} without a size and a hash");

    /// <summary>One page, and the address of the next.</summary>
    private Task<(T Answer, Uri? Next)> GetPageAsync<T>(Uri at, CancellationToken cancel) => retries.TryAsync(async () =>
    {
        using var response = await connection.GetAsync(at, cancel);
        refusal.ThrowIfRefused(response);
        return (Parse<T>(await ReadAsync(response, cancel), at), NextPage(response, at));
    }, cancel);

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        using var json = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (await connection.ReadAsync(body, buffer, cancel) is > 0 and var read)
        {
            json.Write(buffer, 0, read);
            if (json.Length > LongestAnswer) throw Unusable($"a response is longer than {LongestAnswer >> 20} MiB");
        }
        return json.GetBuffer().AsMemory(0, (int)json.Length);
    }

    private T Parse<T>(ReadOnlyMemory<byte> json, Uri at)
    {
        try
        {
            return HubJson.Read<T>(json.Span);
        }
        catch (JsonException malformed)
        {
            throw Unusable($"the response of {at} is not a hub response", malformed);
        }
    }

    private HubUnreachableException Unusable(string reason, Exception? inner = null) => new(address.Endpoint, reason, inner);

    private static bool IsPlain(string? path) =>
        !string.IsNullOrEmpty(path) && !path.Contains('\\') && !path.Any(char.IsControl)
            && path.Split('/').All(part => part is not ("" or "." or ".."));

    private static Uri? NextPage(HttpResponseMessage response, Uri at) =>
        response.Headers.TryGetValues("Link", out var links) && NextLink().Match(string.Join(", ", links)) is { Success: true } next
            ? new Uri(at, next.Groups[1].Value)
            : null;

    [GeneratedRegex(@"<([^>]*)>\s*;\s*rel=""?next""?")]
    private static partial Regex NextLink();
}
