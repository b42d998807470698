using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Storage.Tests;

/// <summary>What every object store promises.</summary>
public abstract class ObjectStoreFacts
{
    private protected abstract IObjectStore Store { get; }

    private static MemoryStream Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    private async Task<string> Text(string key)
    {
        using var reader = new StreamReader(await Store.OpenAsync(key, default));
        return await reader.ReadToEndAsync();
    }

    [Fact]
    public async Task What_is_stored_comes_back_with_its_size_and_sha256()
    {
        var stored = await Store.PutAsync("jobs/1/result.json", Bytes("{}"), default);
        Assert.Equal(new("jobs/1/result.json", 2, Convert.ToHexStringLower(SHA256.HashData("{}"u8))), stored);
        Assert.Equal("{}", await Text(stored.Key));
    }

    [Fact]
    public async Task Storing_again_replaces_it_whole()
    {
        await Store.PutAsync("a/b", Bytes("long text"), default);
        await Store.PutAsync("a/b", Bytes("x"), default);
        Assert.Equal("x", await Text("a/b"));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_leaves_nothing()
    {
        await Assert.ThrowsAsync<IOException>(() => Store.PutAsync("a/broken", new BrokenStream(), default));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.OpenAsync("a/broken", default));
        Assert.Empty(await Store.ListAsync("", default).ToListAsync());
    }

    [Fact]
    public async Task What_is_not_there_is_said_so()
    {
        using var folder = new TestFolder();
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.OpenAsync("no/such", default));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.FetchAsync("no/such", folder.At("x"), default));
        await Store.DeleteAsync("no/such", default);
    }

    [Fact]
    public async Task Fetching_makes_the_folders_on_the_way_and_replaces_a_file()
    {
        using var folder = new TestFolder();
        await Store.PutAsync("a/b", Bytes("one"), default);
        await Store.FetchAsync("a/b", folder.At("x", "y"), default);
        await Store.PutAsync("a/b", Bytes("two"), default);
        Assert.Equal("one", File.ReadAllText(folder.At("x", "y")));
        await Store.FetchAsync("a/b", folder.At("x", "y"), default);
        Assert.Equal("two", File.ReadAllText(folder.At("x", "y")));
    }

    [Fact]
    public async Task A_file_is_stored_like_a_stream()
    {
        using var folder = new TestFolder();
        Assert.Equal(await Store.PutAsync("a/1", Bytes("text"), default), await Store.PutFileAsync("a/2", folder.File("f", "text"), default) with { Key = "a/1" });
        Assert.Equal("text", await Text("a/2"));
    }

    [Fact]
    public async Task An_opened_object_can_be_read_from_any_place()
    {
        await Store.PutAsync("a/b", Bytes("0123456789"), default);
        await using var stream = await Store.OpenAsync("a/b", default);
        stream.Position = 7;
        using var reader = new StreamReader(stream);
        Assert.Equal("789", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Listing_and_deleting_go_by_key()
    {
        foreach (var key in new[] { "jobs/1/a", "jobs/1/b/c", "jobs/10/a" }) await Store.PutAsync(key, Bytes("x"), default);
        Assert.Equal(["jobs/1/a", "jobs/1/b/c"], (await Store.ListAsync("jobs/1/", default).ToListAsync()).Order());
        await Store.DeleteAsync("jobs/1/b/c", default);
        Assert.Equal(["jobs/1/a", "jobs/10/a"], (await Store.ListAsync("", default).ToListAsync()).Order());
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/b c")]
    [InlineData("")]
    public async Task A_key_never_leaves_the_store(string key) => await Assert.ThrowsAsync<ArgumentException>(() => Store.PutAsync(key, Bytes("x"), default));

    [Fact]
    public async Task A_store_that_can_be_written_says_so_and_keeps_no_trace()
    {
        await Store.CheckAsync(default);
        Assert.Empty(await Store.ListAsync("", default).ToListAsync());
    }

    private sealed class BrokenStream : MemoryStream
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _reads++ == 0 ? ValueTask.FromResult(10) : throw new IOException("the connection is gone");
    }
}

public sealed class FolderObjectStoreFacts : ObjectStoreFacts, IDisposable
{
    private readonly TestFolder _folder = new();

    private protected override IObjectStore Store => new FolderObjectStore(_folder.At("objects"));

    public void Dispose() => _folder.Dispose();
}
