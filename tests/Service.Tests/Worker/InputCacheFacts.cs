using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using LoraDrop.Worker;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Service.Tests;

/// <summary>Models and datasets are fetched once per worker, within a limit, and never handed out damaged.</summary>
public sealed class InputCacheFacts : IDisposable
{
    private const int Kilobytes = 400;

    private readonly TestFolder _folder = new();
    private readonly FolderObjectStore _objects;
    private readonly InputCache _cache;

    public InputCacheFacts()
    {
        _objects = new(_folder.At("objects"));
        _cache = new(_objects, new(_folder.At("work"), _folder.At("cache")), new() { CacheGiB = 1000.0 / (1 << 20) }, TimeProvider.System,
            NullLogger<InputCache>.Instance); // room for two
    }

    private string[] Kept => [.. Directory.EnumerateFiles(_folder.At("cache", "inputs")).Select(file => Path.GetFileName(file)!)];

    [Fact]
    public async Task What_was_fetched_once_is_not_asked_of_the_store_again()
    {
        var file = await StoreAsync("a");
        await FetchAsync(file);
        await _objects.DeleteAsync(file.Key, default);
        Assert.Equal(new string('a', Kilobytes << 10), File.ReadAllText(await FetchAsync(file)));
    }

    [Fact]
    public async Task What_was_not_used_for_longest_makes_room()
    {
        var (a, b, c) = (await StoreAsync("a"), await StoreAsync("b"), await StoreAsync("c"));
        await FetchAsync(a);
        await FetchAsync(b);
        await FetchAsync(a); // used again
        var path = await FetchAsync(c);
        Assert.Equal(new[] { a.Sha256, c.Sha256 }.Order(), Kept.Order());
        Assert.Equal(new string('c', Kilobytes << 10), File.ReadAllText(path));
    }

    [Fact]
    public async Task What_the_disk_has_damaged_is_fetched_anew()
    {
        var file = await StoreAsync("a");
        await FetchAsync(file);
        var kept = Path.Combine(_folder.At("cache", "inputs"), file.Sha256);
        File.Delete(kept);
        File.WriteAllText(kept, "damaged");
        Assert.Equal(new string('a', Kilobytes << 10), File.ReadAllText(await FetchAsync(file)));
    }

    [Fact]
    public async Task What_the_store_has_damaged_is_refused()
    {
        var file = await StoreAsync("a");
        await Assert.ThrowsAsync<DamagedObjectException>(() => FetchAsync(file with { Sha256 = new string('0', 64) }));
        Assert.Empty(Kept);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<StoredFile> StoreAsync(string letter)
    {
        var stored = await _objects.PutAsync($"models/{letter}", new MemoryStream([.. Enumerable.Repeat((byte)letter[0], Kilobytes << 10)]),
            default);
        return new(letter, stored.Key, stored.Bytes, stored.Sha256);
    }

    private async Task<string> FetchAsync(StoredFile file)
    {
        var path = _folder.At("work", Guid.NewGuid().ToString("N"), file.Name);
        await _cache.FetchAsync(file, path, default);
        return path;
    }
}
