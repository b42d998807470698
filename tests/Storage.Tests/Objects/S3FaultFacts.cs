using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Storage.Tests;

/// <summary>An S3 store on bad days: a real server behind a proxy that misbehaves.</summary>
public sealed class S3FaultFacts(OneConditionalS3Server one) : IClassFixture<OneConditionalS3Server>, IAsyncLifetime
{
    private static readonly byte[] Large = RandomNumberGenerator.GetBytes(12 << 20);

    private FaultyProxy _proxy = null!;
    private S3Options _options = null!;
    private S3ObjectStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        var server = await one.GetAsync();
        _proxy = new(server.Port);
        _options = S3Tests.Options(_proxy.Endpoint, server.NewBucket()) with { RequestTimeout = TimeSpan.FromSeconds(2) };
        _store = new(_options);
    }

    private static MemoryStream Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    private async Task<string> Sha256(string key)
    {
        await using var content = await _store.OpenAsync(key, default);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content));
    }

    private Task<List<ListedObject>> Listed() => _store.ListAsync("", default).ToListAsync().AsTask();

    [Fact]
    public async Task A_store_that_is_gone_is_said_so_soon_and_works_again_when_it_is_back()
    {
        await _store.PutAsync("a/1", Bytes("before"), default);
        _proxy.Trouble = new Trouble.Refuse();
        var watch = Stopwatch.StartNew();
        var gone = await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.PutAsync("a/2", Bytes("meanwhile"), default));
        Assert.StartsWith($"The object store at {_proxy.Endpoint} cannot be reached: Connection refused", gone.Message);
        await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.OpenAsync("a/1", default));
        await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.CheckAsync(default));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        _proxy.Trouble = new Trouble.None();
        await _store.PutAsync("a/2", Bytes("after"), default);
        Assert.Equal(["a/1", "a/2"], (await Listed()).Select(file => file.Key).Order());
    }

    [Fact]
    public async Task A_store_that_says_nothing_is_given_up()
    {
        using var store = new S3ObjectStore(_options with { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        _proxy.Trouble = new Trouble.Hang();
        var silent = await Assert.ThrowsAsync<StoreUnreachableException>(() => store.PutAsync("a/1", Bytes("x"), default));
        Assert.Contains("nothing came for 0.3 s", silent.Message);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(500)]
    public async Task A_store_that_cannot_work_for_a_moment_is_asked_again(int status)
    {
        _proxy.Trouble = new Trouble.Answer(status);
        var storing = _store.PutAsync("a/1", Bytes("x"), default);
        while (_proxy.Taken == 0) await Task.Delay(10);
        _proxy.Trouble = new Trouble.None();
        await storing;
        Assert.Single(await Listed());
    }

    [Fact]
    public async Task A_store_that_cannot_work_for_long_is_said_so()
    {
        _proxy.Trouble = new Trouble.Answer(503);
        Assert.Contains("answered 503",
            (await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.PutAsync("a/1", Bytes("x"), default))).Message);
        Assert.Contains("answered 503",
            (await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.OpenAsync("a/1", default))).Message);
    }

    [Fact]
    public async Task An_upload_that_breaks_in_its_middle_shows_nothing_and_can_be_made_again()
    {
        _proxy.Trouble = new Trouble.BreakAfter(1 << 20);
        await Assert.ThrowsAsync<StoreUnreachableException>(() => _store.PutAsync("a/large", new MemoryStream(Large), default));
        _proxy.Trouble = new Trouble.None();
        Assert.Empty(await Listed());
        var stored = await _store.PutAsync("a/large", new MemoryStream(Large), default);
        Assert.Equal(stored.Sha256, await Sha256("a/large"));
    }

    [Fact]
    public async Task A_connection_that_breaks_now_and_then_does_not_stop_an_upload()
    {
        _proxy.Trouble = new Trouble.BreakAfter(6 << 20); // more than a part, less than two
        var stored = await _store.PutAsync("a/large", new MemoryStream(Large), default);
        Assert.Equal(stored.Sha256, await Sha256("a/large"));
    }

    [Fact]
    public async Task An_upload_whose_answer_is_lost_is_found_to_be_there()
    {
        _proxy.Trouble = new Trouble.BreakAnswerAfter(0);
        var storing = _store.PutAsync("a/1", Bytes("x"), default);
        while (_proxy.Taken < 2) await Task.Delay(10);
        _proxy.Trouble = new Trouble.None();
        Assert.Equal(1, (await storing).Bytes);
        Assert.Single(await Listed());
    }

    [Fact]
    public async Task A_download_that_breaks_in_its_middle_goes_on()
    {
        using var folder = new TestFolder();
        var stored = await _store.PutAsync("a/large", new MemoryStream(Large), default);
        _proxy.Trouble = new Trouble.BreakAnswerAfter(3 << 20);
        Assert.Equal(stored.Sha256, await Sha256("a/large"));
        await _store.FetchAsync("a/large", folder.At("large"), default);
        Assert.Equal(Large, await File.ReadAllBytesAsync(folder.At("large")));
    }

    [Fact]
    public async Task A_download_from_a_store_that_goes_leaves_no_file()
    {
        using var folder = new TestFolder();
        await _store.PutAsync("a/large", new MemoryStream(Large), default);
        _proxy.Trouble = new Trouble.Slow(4 << 20);
        var fetching = _store.FetchAsync("a/large", folder.At("large"), default);
        await Task.Delay(500);
        _proxy.Trouble = new Trouble.Refuse();
        await Assert.ThrowsAsync<StoreUnreachableException>(() => fetching);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public async Task A_slow_connection_that_moves_is_not_given_up()
    {
        var watch = Stopwatch.StartNew();
        _proxy.Trouble = new Trouble.Slow(1 << 20);
        var stored = await _store.PutAsync("a/slow", new MemoryStream(Large, 0, 4 << 20), default);
        Assert.Equal(stored.Sha256, await Sha256("a/slow"));
        Assert.True(watch.Elapsed > 2 * _options.RequestTimeout, $"it took {watch.Elapsed}");
    }

    public async ValueTask DisposeAsync()
    {
        _store?.Dispose();
        if (_proxy is not null) await _proxy.DisposeAsync();
    }
}
