using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Service.Tests;

/// <summary>A hub on this machine: the interface of huggingface.co over real sockets, with a store for large files on a port of its
/// own.</summary>
/// <remarks>A test puts files in, and says by <see cref="Next"/> how requests are to fail before they are answered as they should
/// be.</remarks>
internal sealed class LocalHub : IAsyncDisposable
{
    public const string Commit = "e2da8e2f811d1448a5b465c236feacd80ffbac7b";

    private readonly WebApplication _app;
    private readonly Dictionary<string, List<Published>> _repositories = [];
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<HttpContext, byte[], Task>>> _faults = [];

    private LocalHub(WebApplication app) => _app = app;

    /// <summary>A request as it came: its path and query in full, whether at the store, and the headers that matter here.</summary>
    public sealed record Asked(string Path, bool AtStore, string? Token, string? Range, string? IfRange);

    /// <summary>A file of a repository.</summary>
    private sealed record Published(string Path, byte[] Content, bool Large, long? Size)
    {
        public string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Content));

        public string GitSha1 { get; } = Git(Content);

        public object Listed() => Large
            ? new { type = "file", path = Path, size = Size ?? Content.Length, oid = new string('0', 40),
            lfs = new { oid = Sha256, size = Size ?? Content.Length } }
            : new { type = "file", path = Path, size = Size ?? Content.Length, oid = GitSha1 };
    }

    public string Endpoint { get; private set; } = "";

    public string Store { get; private set; } = "";

    /// <summary>Where the client keeps what it fetches.</summary>
    public string ClientsCache { get; set; } = "";

    /// <summary>How many files the list has on each page.</summary>
    public int PageSize { get; set; } = 1000;

    public ConcurrentQueue<Asked> Requests { get; } = [];

    /// <summary>Bytes of files, wherever they were asked for.</summary>
    public long BytesOfFiles;

    public static async Task<LocalHub> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var hub = new LocalHub(builder.Build());
        hub._app.Run(hub.AnswerAsync);
        await hub._app.StartAsync();
        var addresses = hub._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        (hub.Endpoint, hub.Store) = (addresses[0], addresses[1]);
        return hub;
    }

    /// <summary>Publishes a file, as <c>models/org/name</c> or <c>datasets/org/name</c>; a large one lies in the store.</summary>
    /// <param name="repository">The repository; made with its first file.</param>
    /// <param name="path">In it.</param>
    /// <param name="content">What is served.</param>
    /// <param name="large">Whether it is listed with a sha256 and served by the store.</param>
    /// <param name="size">A size to list other than the content's.</param>
    public void Put(string repository, string path, byte[] content, bool large = false, long? size = null)
    {
        if (!_repositories.TryGetValue(repository, out var files)) _repositories[repository] = files = [];
        files.Add(new(path, content, large, size));
    }

    public void Put(string repository, string path, string content) => Put(repository, path, Encoding.UTF8.GetBytes(content));

    /// <summary>How the next requests are answered whose path ends so, one after the other; afterwards they are answered well.</summary>
    /// <param name="pathEnd">End of the path, without its query; a large file fails at the store, not where the hub redirects to
    /// it.</param>
    /// <param name="faults">Each is given the request and what it asks for.</param>
    public void Next(string pathEnd, params Func<HttpContext, byte[], Task>[] faults)
    {
        foreach (var fault in faults) _faults.GetOrAdd(pathEnd, _ => []).Enqueue(fault);
    }

    public static Func<HttpContext, byte[], Task> Status(int status, string? errorCode = null, string? retryAfter = null) => (http, _) =>
    {
        http.Response.StatusCode = status;
        if (errorCode is not null) http.Response.Headers["X-Error-Code"] = errorCode;
        if (retryAfter is not null) http.Response.Headers.RetryAfter = retryAfter;
        return Task.CompletedTask;
    };

    /// <summary>Sends the first bytes of what is asked for, and then resets the connection.</summary>
    public Func<HttpContext, byte[], Task> CutAfter(int length) => async (http, content) =>
    {
        await BeginAsync(http, content, length);
        http.Abort();
    };

    /// <summary>Sends the first bytes of what is asked for, and then nothing, for as long as the other side bears it.</summary>
    public Func<HttpContext, byte[], Task> SilentAfter(int length) => async (http, content) =>
    {
        await BeginAsync(http, content, length);
        await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
    };

    public static Func<HttpContext, byte[], Task> Other(byte[] content) => (http, _) => http.Response.Body.WriteAsync(content).AsTask();

    public static Func<HttpContext, byte[], Task> RedirectTo(string address) => (http, _) =>
    {
        http.Response.Redirect(address);
        return Task.CompletedTask;
    };

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(0);   // a client that still hangs is not waited for
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task SendAsync(HttpContext http, byte[] content, int most)
    {
        var from = From(http, content);
        http.Response.StatusCode = from > 0 ? 206 : 200;
        if (from > 0) http.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        http.Response.Headers.ETag = TagOf(content);
        http.Response.ContentLength = content.Length - from;
        await http.Response.Body.WriteAsync(content.AsMemory(from, Math.Min(most, content.Length - from)));
    }

    /// <summary>Sends some, and returns when the client has put it on its disk: a reset of the connection could overtake it
    /// before.</summary>
    private async Task BeginAsync(HttpContext http, byte[] content, int length)
    {
        await SendAsync(http, content, length);
        await http.Response.Body.FlushAsync();
        var part = new FileInfo(Path.Combine(ClientsCache, "blobs", TagOf(content).Trim('"') + ".part"));
        for (var reached = From(http, content) + length; !http.RequestAborted.IsCancellationRequested; await Task.Delay(5))
        {
            part.Refresh();
            if (part.Exists && part.Length >= reached) return;
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var atStore = http.Connection.LocalPort == new Uri(Store).Port;
        var headers = http.Request.Headers;
        Requests.Enqueue(new(target, atStore, headers.Authorization, headers.Range, headers.IfRange));
        var path = Uri.UnescapeDataString(target.Split('?')[0]);
        var file = FileAt(path);
        if (file is { Large: true } && !atStore) http.Response.Redirect($"{Store}{target}");
        else if (Fault(path) is { } fail) await fail(http, file?.Content ?? []);
        else if (file is not null) await SendAsync(http, file.Content);
        else await DescribeAsync(http, path);
    }

    private Func<HttpContext, byte[], Task>? Fault(string path) =>
        _faults.FirstOrDefault(fault => path.EndsWith(fault.Key, StringComparison.Ordinal)).Value is { } faults
            && faults.TryDequeue(out var next) ? next : null;

    private Published? FileAt(string path) =>
        (from repository in _repositories
         let root = "/" + (repository.Key.StartsWith("models/", StringComparison.Ordinal)
         ? repository.Key["models/".Length..]
         : repository.Key)
         from file in repository.Value
         where path == $"{root}/resolve/{Commit}/{file.Path}"
         select file).FirstOrDefault();

    private async Task SendAsync(HttpContext http, byte[] content)
    {
        if (From(http, content) >= content.Length && content.Length > 0)
        {
            http.Response.StatusCode = 416;
            return;
        }
        Interlocked.Add(ref BytesOfFiles, content.Length - From(http, content));
        await SendAsync(http, content, content.Length);
    }

    private async Task DescribeAsync(HttpContext http, string path)
    {
        var asked = _repositories.Keys.FirstOrDefault(name => path.StartsWith($"/api/{name}/", StringComparison.Ordinal));
        if (asked is null) await Status(404, "RepoNotFound")(http, []);
        else if (path == $"/api/{asked}/revision/main" || path == $"/api/{asked}/revision/refs/pr/1")
            await http.Response.WriteAsJsonAsync(new { id = asked, sha = Commit, siblings = Array.Empty<object>() });
        else if (path == $"/api/{asked}/tree/{Commit}") await ListAsync(http, asked);
        else await Status(404, "RevisionNotFound")(http, []);
    }

    private async Task ListAsync(HttpContext http, string repository)
    {
        var start = int.Parse(http.Request.Query["cursor"].FirstOrDefault() ?? "0");
        var entries = _repositories[repository].Select(file => file.Listed())
            .Prepend(new { type = "directory", path = "folder", size = 0, oid = new string('1', 40) }).ToArray();
        if (start + PageSize < entries.Length)
            http.Response.Headers.Link =
                $"<{Endpoint}/api/{repository}/tree/{Commit}?recursive=true&cursor={start + PageSize}>; rel=\"next\"";
        await http.Response.WriteAsJsonAsync(entries.Skip(start).Take(PageSize));
    }

    private static string TagOf(byte[] content) => $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\"";

    private static int From(HttpContext http, byte[] content)
    {
        if (http.Request.Headers.Range.FirstOrDefault() is not { } range) return 0;
        var other = http.Request.Headers.IfRange.FirstOrDefault() is { } tag && tag != TagOf(content);
        return other ? 0 : int.Parse(range["bytes=".Length..].TrimEnd('-'));
    }

    /// <summary>Git's own arithmetic; SHA-1 is its choice.</summary>
    private static string Git(byte[] content)
    {
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        sha1.AppendData(Encoding.ASCII.GetBytes($"blob {content.Length}\0"));
        sha1.AppendData(content);
        return Convert.ToHexStringLower(sha1.GetCurrentHash());
    }
}
