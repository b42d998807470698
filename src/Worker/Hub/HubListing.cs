using System.Text.Json;
using System.Text.RegularExpressions;

namespace LoraDrop.Worker;

/// <summary>Asks the hub for the commit of a revision and the files of a commit.</summary>
internal sealed partial class HubListing(HubConnection connection, Patience patience, RepositoryAddress address, HubRefusal refusal)
{
    private const int MostPages = 1_000;            // the hub puts a thousand files on one
    private const int LongestAnswer = 64 << 20;

    public async Task<string> CommitAsync(CancellationToken cancel)
    {
        var (revision, _) = await AskAsync<HubJson.Revision>(address.OfRevision(), cancel);
        return revision.IsUsable ? revision.Sha! : throw Strange($"it names no commit for {address.Revision}");
    }

    /// <summary>All files whose paths lead below the repository; others are left out, so that nothing can be called for by them.</summary>
    public async Task<IReadOnlyList<RepositoryFile>> FilesAsync(string commit, CancellationToken cancel)
    {
        var files = new List<RepositoryFile>();
        Uri? page = address.OfTree(commit);
        for (var pages = 0; page is not null; pages++)
        {
            if (pages == MostPages) throw Strange($"its list of the files of {address.Name} has more than {MostPages} pages");
            (var entries, page) = await AskAsync<HubJson.Entry[]>(page, cancel);
            files.AddRange(entries.Where(entry => entry.Type == "file" && IsPlain(entry.Path)).Select(ToFile));
        }
        return files;
    }

    private RepositoryFile ToFile(HubJson.Entry entry) => entry.IsUsable ? entry.ToFile() : throw Strange($"it lists {entry.Path} without a size and a hash");

    /// <summary>One answer, and where its next page is.</summary>
    private Task<(T Answer, Uri? Next)> AskAsync<T>(Uri at, CancellationToken cancel) => patience.TryAsync(async () =>
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
            if (json.Length > LongestAnswer) throw Strange($"an answer of it is longer than {LongestAnswer >> 20} MiB");
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
            throw Strange($"what answers at {at} does not speak the hub's language", malformed);
        }
    }

    private HubUnreachableException Strange(string reason, Exception? inner = null) => new(address.Endpoint, reason, inner);

    private static bool IsPlain(string? path) =>
        !string.IsNullOrEmpty(path) && !path.Contains('\\') && !path.Any(char.IsControl) && path.Split('/').All(part => part is not ("" or "." or ".."));

    private static Uri? NextPage(HttpResponseMessage response, Uri at) =>
        response.Headers.TryGetValues("Link", out var links) && NextLink().Match(string.Join(", ", links)) is { Success: true } next
            ? new Uri(at, next.Groups[1].Value)
            : null;

    [GeneratedRegex(@"<([^>]*)>\s*;\s*rel=""?next""?")]
    private static partial Regex NextLink();
}
