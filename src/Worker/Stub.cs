using LoraDrop.Domain;
namespace LoraDrop.Worker;
public sealed class HubClient(HubOptions o, string cache, TimeProvider time) : IDisposable
{
    public Task<HubSnapshot> FetchModelAsync(Source.Hub source, string folder, string path, IProgress<HubProgress>? progress, CancellationToken cancel) => throw new NotSupportedException($"{o}{cache}{time}{source}{folder}{path}{progress}{cancel}");
    public Task<HubSnapshot> FetchDatasetAsync(Source.Hub source, string? preset, string folder, string path, IProgress<HubProgress>? progress, CancellationToken cancel) => throw new NotSupportedException($"{source}{folder}{path}{progress}{cancel}{preset}");
    public void Dispose() { }
}
public readonly record struct HubProgress(long BytesDone, long BytesTotal);
public sealed record HubSnapshot(string Commit, string? Config, IReadOnlyList<HubFile> Files);
public sealed record HubFile(string Name, string Path, long Size, string Sha256);
public sealed class HubUnreachableException(string endpoint) : Exception { public string Endpoint { get; } = endpoint; }
public sealed class HubOptions { public static HubOptions FromEnvironment() => new(); }
