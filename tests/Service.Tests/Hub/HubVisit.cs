using System.Net;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

/// <summary>A local hub, a client of it with a hasty clock, and a folder for its cache and what it fetches.</summary>
internal sealed class HubVisit : IAsyncDisposable
{
    private readonly TestFolder _folder = new();

    private HubVisit(LocalHub hub, HubOptions options, OutgoingGuard guard)
    {
        options = options with { Endpoint = hub.Endpoint };
        (Hub, Options, Guard) = (hub, options, guard);
        hub.ClientsCache = Cache;
        Client = new HubClient(options, Cache, guard, Clock);
    }

    public LocalHub Hub { get; }

    public HubOptions Options { get; }

    /// <summary>Asked about everything that the hub points to; the store of the local hub is allowed unless a test says
    /// otherwise.</summary>
    public OutgoingGuard Guard { get; }

    public HastyClock Clock { get; } = new();

    public HubClient Client { get; }

    public string Cache => _folder.At("cache");

    public string Target => _folder.At("target");

    public List<HubProgress> Progress { get; } = [];

    /// <summary>Starts a hub and a client, which bears eleven real seconds of silence unless it is set to bear less.</summary>
    public static async Task<HubVisit> BeginAsync(Func<HubOptions, HubOptions>? set = null, OutgoingGuard? guard = null)
    {
        var options = new HubOptions { IdleTimeout = TimeSpan.FromHours(3) };
        options = set?.Invoke(options) ?? options;
        return new(await LocalHub.StartAsync(), options, guard
            ?? new(new() { PrivateNetworks = ["127.0.0.1"] }, Dns.GetHostAddressesAsync));
    }

    /// <summary>Publishes a model that lacks nothing, its weights in the store.</summary>
    public HubVisit WithModel(byte[] weights, string name = "org/model", bool large = true)
    {
        Hub.Put($"models/{name}", "config.json", "{}");
        Hub.Put($"models/{name}", "tokenizer.json", """{"model":{}}""");
        Hub.Put($"models/{name}", "model.safetensors", weights, large);
        return this;
    }

    public HubVisit WithDataset(params string[] paths)
    {
        foreach (var path in paths) Hub.Put("datasets/org/data", path, $$"""{"from":"{{path}}"}""");
        return this;
    }

    public Task<HubSnapshot> FetchModelAsync(string source = "hf:org/model", string? target = null) =>
        Client.FetchModelAsync(Read(source), target ?? Target, "model", new Inline(Progress.Add), CancellationToken.None);

    public Task<HubSnapshot> FetchDatasetAsync(string source = "hf:org/data", string? preset = null) =>
        Client.FetchDatasetAsync(Read(source), preset, Target, "dataset", new Inline(Progress.Add), CancellationToken.None);

    /// <summary>What the fetch of a model is refused with.</summary>
    public async Task<IReadOnlyList<Fault>> ModelFaultsAsync(string source = "hf:org/model") =>
        (await Assert.ThrowsAsync<RefusedInputException>(() => FetchModelAsync(source))).Faults;

    public async Task<string> ModelRefusalAsync(string source = "hf:org/model") => OnlyFault(await ModelFaultsAsync(source), "model");

    public async Task<string> DatasetRefusalAsync(string source = "hf:org/data", string? preset = null) =>
        OnlyFault((await Assert.ThrowsAsync<RefusedInputException>(() => FetchDatasetAsync(source, preset))).Faults, "dataset");

    /// <summary>The names of the files in the target folder, in order.</summary>
    public string[] Fetched() => Directory.Exists(Target)
        ? [.. Directory.EnumerateFileSystemEntries(Target).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];

    public string[] Parts() => Directory.Exists(Path.Combine(Cache, "blobs"))
        ? Directory.GetFiles(Path.Combine(Cache, "blobs"), "*.part")
        : [];

    public string At(string name) => _folder.At(name);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Hub.DisposeAsync();
        _folder.Dispose();
    }

    private static string OnlyFault(IReadOnlyList<Fault> faults, string path)
    {
        var fault = Assert.Single(faults);
        Assert.Equal(path, fault.Path);
        return fault.Message;
    }

    private static Source.Hub Read(string source)
    {
        var faults = new List<Fault>();
        var read = Source.Parse(source, "source", faults);
        Assert.Empty(faults);
        return (Source.Hub)read!;
    }

    /// <summary>Progress told on the thread that made it, as a test wants it.</summary>
    public sealed class Inline(Action<HubProgress> told) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => told(value);
    }
}
