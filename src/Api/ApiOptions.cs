using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>How the service is reached, and how much it takes.</summary>
public sealed class ApiOptions
{
    /// <summary>Where a host listens, parted by <c>;</c>; default http://127.0.0.1:5080. Port 0 takes a free one.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:5080";

    /// <summary>Whether only programs of this machine may use the service; default true. Requests under another host name than the machine's own are refused then, and so are changes that pages of other web sites ask for.</summary>
    public bool LoopbackOnly { get; set; } = true;

    /// <summary>The largest file of a dataset, in bytes; default 1 GiB, from 1 KiB to 1 TiB.</summary>
    public long MaxUploadBytes { get; set; } = 1L << 30;

    /// <summary>The largest JSON body, in bytes; default 1 MiB, from 1 KiB to 256 MiB.</summary>
    public long MaxJsonBytes { get; set; } = 1L << 20;

    /// <summary>Time between two looks at the rows while a stream of events is open; default 300 ms, from 20 ms to 1 min.</summary>
    public TimeSpan StreamEvery { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Silence after which a stream of events shows that it is alive; default 15 s, from 1 s to 10 min.</summary>
    public TimeSpan HeartbeatEvery { get; set; } = TimeSpan.FromSeconds(15);

    public IEnumerable<Fault> Faults(string path)
    {
        var addresses = $"{path}:{nameof(Urls)}".Addresses(Urls).ToList();
        foreach (var fault in addresses) yield return fault;
        if (LoopbackOnly && addresses.Count == 0 && Urls.Split(';', StringSplitOptions.RemoveEmptyEntries).Any(url => !IsLoopback(url)))
            yield return new($"{path}:{nameof(Urls)}", $"can be reached from other machines, and whoever reaches it may use it, as there are no keys yet; where that is meant, set {SettingsReader.Named($"{path}:{nameof(LoopbackOnly)}")} to false");
        foreach (var fault in $"{path}:{nameof(MaxUploadBytes)}".Within(MaxUploadBytes, 1 << 10, 1L << 40)) yield return fault;
        foreach (var fault in $"{path}:{nameof(MaxJsonBytes)}".Within(MaxJsonBytes, 1 << 10, 1 << 28)) yield return fault;
        foreach (var fault in $"{path}:{nameof(StreamEvery)}".Within(StreamEvery, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1))) yield return fault;
        foreach (var fault in $"{path}:{nameof(HeartbeatEvery)}".Within(HeartbeatEvery, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10))) yield return fault;
    }

    private static bool IsLoopback(string url) => Uri.TryCreate(url.Trim(), UriKind.Absolute, out var address) && address.IsLoopback;
}
