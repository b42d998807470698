using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Storage.Tests;

/// <summary>What every object store promises.</summary>
public abstract class ObjectStoreFacts
{
    private protected abstract IObjectStore Store { get; }

    private protected static MemoryStream Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    private protected async Task<string> Text(string key)
    {
        using var reader = new StreamReader(await Store.OpenAsync(key, default));
        return await reader.ReadToEndAsync();
    }

    private async Task<List<string>> Keys(string prefix = "") =>
        [.. (await Store.ListAsync(prefix, default).ToListAsync()).Select(file => file.Key).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task What_is_stored_comes_back_with_its_size_and_sha256()
    {
        var stored = await Store.PutAsync("jobs/1/result.json", Bytes("{}"), default);
        Assert.Equal(new("jobs/1/result.json", 2, Convert.ToHexStringLower(SHA256.HashData("{}"u8))), stored);
        Assert.Equal("{}", await Text(stored.Key));
    }

    [Fact]
    public async Task Nothing_at_all_can_be_stored_too()
    {
        Assert.Equal(0, (await Store.PutAsync("a/empty", Bytes(""), default)).Bytes);
        Assert.Equal("", await Text("a/empty"));
    }

    [Fact]
    public async Task Storing_the_same_again_is_fine()
    {
        using var folder = new TestFolder();
        var stored = await Store.PutAsync("a/b", Bytes("text"), default);
        Assert.Equal(stored, await Store.PutAsync("a/b", Bytes("text"), default));
        Assert.Equal(stored, await Store.PutFileAsync("a/b", folder.File("f", "text"), default));
        Assert.Equal("text", await Text("a/b"));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_leaves_nothing()
    {
        await Assert.ThrowsAsync<IOException>(() => Store.PutAsync("a/broken", new BrokenStream(10), default));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.OpenAsync("a/broken", default));
        Assert.Empty(await Keys());
    }

    [Fact]
    public async Task A_large_stream_that_breaks_off_or_is_given_up_leaves_nothing()
    {
        using var giveUp = new CancellationTokenSource();
        await Assert.ThrowsAsync<IOException>(() => Store.PutAsync("a/broken", new BrokenStream(12 << 20), default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Store.PutAsync("a/given-up", new BrokenStream(12 << 20, giveUp), giveUp.Token));
        Assert.Empty(await Keys());
    }

    [Fact]
    public async Task What_is_not_there_is_said_so()
    {
        using var folder = new TestFolder();
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.OpenAsync("no/such", default));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Store.FetchAsync("no/such", folder.At("x"), default));
        await Store.DeleteAsync("no/such", default);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Fetching_makes_the_folders_on_the_way_and_replaces_a_file()
    {
        using var folder = new TestFolder();
        await Store.PutAsync("a/1", Bytes("one"), default);
        await Store.PutAsync("a/2", Bytes("two"), default);
        foreach (var key in new[] { "a/1", "a/1", "a/2" }) await Store.FetchAsync(key, folder.At("x", "y"), default);
        Assert.Equal("two", File.ReadAllText(folder.At("x", "y")));
        Assert.Equal("one", await Text("a/1"));
        Assert.Single(Directory.EnumerateFiles(folder.At("x")));
    }

    [Fact]
    public async Task A_file_is_stored_like_a_stream()
    {
        using var folder = new TestFolder();
        Assert.Equal(await Store.PutAsync("a/1", Bytes("text"), default),
            await Store.PutFileAsync("a/2", folder.File("f", "text"), default) with { Key = "a/1" });
        Assert.Equal("text", await Text("a/2"));
    }

    [Fact]
    public async Task An_opened_object_can_be_read_from_any_place()
    {
        await Store.PutAsync("a/b", Bytes("0123456789"), default);
        await using var stream = await Store.OpenAsync("a/b", default);
        Assert.True(stream.CanSeek);
        Assert.Equal(10, stream.Length);
        var two = new byte[2];
        foreach (var (place, text) in new[] { (7, "78"), (2, "23"), (4, "45"), (8, "89") })
        {
            stream.Seek(place, SeekOrigin.Begin);
            await stream.ReadExactlyAsync(two);
            Assert.Equal(text, Encoding.UTF8.GetString(two));
        }
        Assert.Equal(0, await stream.ReadAsync(two));
    }

    [Fact]
    public async Task Listing_and_deleting_go_by_key()
    {
        foreach (var key in new[] { "jobs/1/a", "jobs/1/b/c", "jobs/10/a" }) await Store.PutAsync(key, Bytes("x"), default);
        Assert.Equal(["jobs/1/a", "jobs/1/b/c"], await Keys("jobs/1/"));
        await Store.DeleteAsync("jobs/1/b/c", default);
        Assert.Equal(["jobs/1/a", "jobs/10/a"], await Keys());
        Assert.Equal(["jobs/1/a", "jobs/10/a"], await Keys("jobs/1"));
    }

    [Fact]
    public async Task Listing_knows_the_size_and_when_it_was_stored()
    {
        using var folder = new TestFolder();
        var old = folder.File("old", "text");
        File.SetLastWriteTimeUtc(old, DateTime.UnixEpoch);
        await Store.PutAsync("a/1", Bytes("ten bytes."), default);
        await Store.PutFileAsync("a/2", old, default);
        var listed = await Store.ListAsync("a/", default).ToListAsync();
        Assert.Equal([4, 10], listed.Select(file => file.Bytes).Order());
        Assert.All(listed, file => Assert.InRange(DateTimeOffset.UtcNow - file.LastModified, TimeSpan.FromSeconds(-5),
            TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/b c")]
    [InlineData("")]
    public async Task A_key_never_leaves_the_store(string key) =>
    await Assert.ThrowsAsync<ArgumentException>(() => Store.PutAsync(key, Bytes("x"), default));

    [Fact]
    public async Task A_store_that_can_be_written_says_so_and_keeps_no_trace()
    {
        await Store.CheckAsync(default);
        Assert.Empty(await Keys());
    }

    [Fact]
    public async Task What_is_stored_is_never_unfinished()
    {
        await Store.PutAsync("a/b", Bytes("text"), default);
        Assert.Equal(0, await Store.RemoveUnfinishedAsync(DateTimeOffset.UtcNow.AddDays(1), default));
        Assert.Equal("text", await Text("a/b"));
    }

    /// <summary>So many bytes, and then an error, or whatever comes of a token that fires.</summary>
    private sealed class BrokenStream(int bytes, CancellationTokenSource? instead = null) : MemoryStream
    {
        private int _left = bytes;

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Math.Min(_left, buffer.Length);
            _left -= read;
            if (read > 0) return ValueTask.FromResult(read);
            instead?.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException("the connection is gone");
        }
    }
}

/// <summary>What a store promises where two writers of one key cannot both succeed.</summary>
public abstract class WrittenOnceFacts : ObjectStoreFacts
{
    [Fact]
    public async Task A_late_writer_replaces_nothing()
    {
        using var folder = new TestFolder();
        await Store.PutAsync("a/b", Bytes("first"), default);
        Assert.Equal("a/b", (await Assert.ThrowsAsync<ObjectTakenException>(() => Store.PutAsync("a/b", Bytes("other"), default))).Key);
        await Assert.ThrowsAsync<ObjectTakenException>(() => Store.PutFileAsync("a/b", folder.File("f", "third"), default));
        Assert.Equal("first", await Text("a/b"));
        Assert.Single(await Store.ListAsync("", default).ToListAsync());
    }

    [Fact]
    public async Task A_late_writer_of_something_large_replaces_nothing()
    {
        var first = RandomNumberGenerator.GetBytes(11 << 20);
        var stored = await Store.PutAsync("a/large", new MemoryStream(first), default);
        Assert.Equal(stored, await Store.PutAsync("a/large", new MemoryStream(first), default));
        first[^1]++;
        await Assert.ThrowsAsync<ObjectTakenException>(() => Store.PutAsync("a/large", new MemoryStream(first), default));
        await using var there = await Store.OpenAsync("a/large", default);
        Assert.Equal(stored.Sha256, Convert.ToHexStringLower(await SHA256.HashDataAsync(there)));
    }

    [Fact]
    public async Task Of_many_writers_at_once_one_succeeds()
    {
        var writers = Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await Store.PutAsync("a/b", Bytes($"writer {i}"), default);
                return $"writer {i}";
            }
            catch (ObjectTakenException)
            {
                return null;
            }
        });
        var written = Assert.Single(await Task.WhenAll(writers), text => text is not null);
        Assert.Equal(written, await Text("a/b"));
    }
}

public sealed class FolderObjectStoreFacts : WrittenOnceFacts, IDisposable
{
    private readonly TestFolder _folder = new();

    private protected override IObjectStore Store => new FolderObjectStore(_folder.At("objects"));

    [Fact]
    public async Task What_a_broken_upload_left_goes_when_it_is_old()
    {
        await Store.PutAsync("a/b", Bytes("text"), default);
        var left = _folder.At("objects", "a", "c.0123.tmp");
        File.WriteAllText(left, "half");
        Assert.Equal(0, await Store.RemoveUnfinishedAsync(DateTimeOffset.UtcNow.AddMinutes(-1), default));
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-2));
        Assert.Equal(1, await Store.RemoveUnfinishedAsync(DateTimeOffset.UtcNow.AddMinutes(-1), default));
        Assert.False(File.Exists(left));
        Assert.Equal("text", await Text("a/b"));
    }

    [Fact]
    public async Task Writers_and_removers_in_one_folder_do_not_disturb_each_other()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                await Store.PutAsync($"a/b/{writer}-{i}", Bytes("x"), default);
                await Store.DeleteAsync($"a/b/{writer}-{i}", default);
            }
        })));
        Assert.Empty(await Store.ListAsync("", default).ToListAsync());
    }

    [Fact]
    public async Task It_has_no_addresses() =>
    Assert.Null(await Store.DownloadAddressAsync("a/b", "b", "text/plain", TimeSpan.FromMinutes(1), default));

    public void Dispose() => _folder.Dispose();
}
