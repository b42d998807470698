using System.Net;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>How the service is reached, and how much it takes.</summary>
public sealed record ApiOptions
{
    /// <summary>Where a host listens, parted by <c>;</c>; default http://127.0.0.1:5080. Port 0 takes a free one.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:5080";

    /// <summary>
    /// Whether callers must show a key or a token. Default: where a host listens, other machines can reach it. On this machine alone a service is open to whoever is on it;
    /// true asks for a key there too, as behind a proxy. It cannot be false where other machines reach it.
    /// </summary>
    public bool? RequireKey { get; init; }

    /// <summary>Requests a minute of each caller, where the key does not say otherwise; default 1200, from 1 to 1,000,000. Each process counts by itself.</summary>
    public int RequestsPerMinute { get; init; } = 1200;

    /// <summary>Proxies whose <c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Prefix</c> are believed: addresses, or networks such as 10.0.0.0/8. Default none.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Where <c>/metrics</c> and <c>/health</c> are told without a key, and nothing else is, such as http://0.0.0.0:5082; default nowhere. For Prometheus and orchestrators, inside a cluster.</summary>
    public string? MetricsUrl { get; init; }

    /// <summary>The largest file of a dataset, in bytes; default 1 GiB, from 1 KiB to 1 TiB.</summary>
    public long MaxUploadBytes { get; init; } = 1L << 30;

    /// <summary>The largest JSON body, in bytes; default 1 MiB, from 1 KiB to 256 MiB.</summary>
    public long MaxJsonBytes { get; init; } = 1L << 20;

    /// <summary>Time between two looks at the rows while a stream of events is open; default 300 ms, from 20 ms to 1 min.</summary>
    public TimeSpan StreamEvery { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Silence after which a stream of events shows that it is alive; default 15 s, from 1 s to 10 min.</summary>
    public TimeSpan HeartbeatEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether whoever reaches the service may use it: only its own machine does.</summary>
    [NotASetting]
    public bool IsOpen => !(RequireKey ?? Addresses.Any(url => !IsLoopback(url)));

    private string[] Addresses => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public IEnumerable<Fault> Faults(string path)
    {
        var addresses = $"{path}:{nameof(Urls)}".Addresses(Urls).ToList();
        foreach (var fault in addresses) yield return fault;
        if (RequireKey == false && addresses.Count == 0 && Addresses.Any(url => !IsLoopback(url)))
            yield return new($"{path}:{nameof(RequireKey)}", $"cannot be false where {SettingName.Of($"{path}:{nameof(Urls)}")} can be reached from other machines");
        foreach (var fault in $"{path}:{nameof(RequestsPerMinute)}".Within(RequestsPerMinute, 1, 1_000_000)) yield return fault;
        foreach (var (at, proxy) in TrustedProxies.Index())
            if (!IPAddress.TryParse(proxy, out _) && !IPNetwork.TryParse(proxy, out _)) yield return new($"{path}:{nameof(TrustedProxies)}:{at}", $"must be an address, or a network such as 10.0.0.0/8; got \"{proxy}\"");
        if (MetricsUrl is not null)
            foreach (var fault in $"{path}:{nameof(MetricsUrl)}".Addresses(MetricsUrl)) yield return fault;
        foreach (var fault in $"{path}:{nameof(MaxUploadBytes)}".Within(MaxUploadBytes, 1 << 10, 1L << 40)) yield return fault;
        foreach (var fault in $"{path}:{nameof(MaxJsonBytes)}".Within(MaxJsonBytes, 1 << 10, 1 << 28)) yield return fault;
        foreach (var fault in $"{path}:{nameof(StreamEvery)}".Within(StreamEvery, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1))) yield return fault;
        foreach (var fault in $"{path}:{nameof(HeartbeatEvery)}".Within(HeartbeatEvery, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10))) yield return fault;
    }

    private static bool IsLoopback(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.IsLoopback;
}
