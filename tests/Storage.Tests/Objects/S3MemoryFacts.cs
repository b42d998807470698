using System.Security.Cryptography;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Storage.Tests;

/// <summary>Runs while nothing else does: what is allocated is counted for the whole process.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;

[Collection(typeof(Alone))]
public sealed class S3MemoryFacts(OneS3Server one) : IClassFixture<OneS3Server>
{
    [Fact]
    public async Task A_large_file_goes_up_in_parts_and_comes_back_with_little_memory()
    {
        const int Size = 40 << 20;
        var server = await one.GetAsync();
        using var folder = new TestFolder();
        using var store = new S3ObjectStore(S3Tests.Options(server.Endpoint, server.NewBucket()));
        var (from, to) = (folder.File("from", RandomNumberGenerator.GetBytes(Size)), folder.At("to"));
        await store.CheckAsync(default);

        var before = GC.GetTotalAllocatedBytes();
        var stored = await store.PutFileAsync("a/large", from, default);
        await store.FetchAsync("a/large", to, default);
        var allocated = GC.GetTotalAllocatedBytes() - before;

        Assert.Equal(Size, stored.Bytes);
        await using var came = File.OpenRead(to);
        Assert.Equal(stored.Sha256, Convert.ToHexStringLower(await SHA256.HashDataAsync(came)));
        // all there ever was, not what was held at a time
        Assert.True(allocated < Size * 3 / 4, $"{allocated >> 20} MiB were allocated for {Size >> 20} MiB both ways");
    }
}
