using System.Net;
using System.Security.Cryptography;
using LoraDrop.Domain;
using LoraDrop.Storage;
using LoraDrop.Storage.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>Addresses at which the object store itself gives a job's files.</summary>
public sealed class DownloadAddressFacts
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];

    [Fact]
    public async Task A_file_comes_straight_from_the_store_without_credentials()
    {
        await using var s3 = await S3Server.StartAsync();
        using var store = new S3ObjectStore(new() { Bucket = s3.NewBucket(), Endpoint = s3.Endpoint, AccessKey = S3Server.AccessKey,
            SecretKey = S3Server.SecretKey });
        await using var service = await TestService.StartAsync(services => services.AddSingleton<IObjectStore>(store));
        await service.AddInputsAsync();
        var id = await service.SubmitAsync(Given.Lora);
        await service.FinishAsync(id, await service.StoreAsync("adapter/adapter model+1.safetensors", Content),
            await service.StoreAsync("result.json", "{}"u8.ToArray()));

        var before = service.Clock.GetUtcNow();
        var items = (await service.JsonAsync($"/jobs/{id}/artifacts")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(2, items.Length);
        using var anybody = new HttpClient();
        foreach (var item in items)
        {
            Assert.InRange(item.GetProperty("downloadUrlExpiresAt").GetDateTimeOffset(), before + TimeSpan.FromMinutes(59), before
                + TimeSpan.FromMinutes(61));
            var address = item.GetProperty("downloadUrl").GetString()!;
            Assert.StartsWith(s3.Endpoint, address);
            using var answer = await anybody.GetAsync(address);
            Assert.True(answer.IsSuccessStatusCode, $"{address}\n{await answer.Content.ReadAsStringAsync()}");
            Assert.Equal(item.GetProperty("sha256").GetString(),
                Convert.ToHexStringLower(SHA256.HashData(await answer.Content.ReadAsByteArrayAsync())));
            using var forged = await anybody.GetAsync(address.Replace("X-Amz-Expires=", "X-Amz-Expires=9"));
            Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
            using var own = await service.GetAsync(item.GetProperty("href").GetString()!);
            Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        }
    }

    [Fact]
    public async Task A_store_that_users_cannot_reach_gives_none()
    {
        await using var s3 = await S3Server.StartAsync();
        using var store = new S3ObjectStore(new() { Bucket = s3.NewBucket(), Endpoint = s3.Endpoint, AccessKey = S3Server.AccessKey,
            SecretKey = S3Server.SecretKey, Presign = false });
        await NoneIn(services => services.AddSingleton<IObjectStore>(store));
    }

    [Fact]
    public Task A_folder_gives_none() => NoneIn(configure: null);

    private static async Task NoneIn(Action<IServiceCollection>? configure)
    {
        await using var service = await TestService.StartAsync(configure);
        await service.AddInputsAsync();
        var id = await service.SubmitAsync(Given.Lora);
        await service.FinishAsync(id, await service.StoreAsync("result.json", "{}"u8.ToArray()));
        var file = Assert.Single((await service.JsonAsync($"/jobs/{id}/artifacts")).GetProperty("items").EnumerateArray());
        Assert.False(file.TryGetProperty("downloadUrl", out _) || file.TryGetProperty("downloadUrlExpiresAt", out _));
    }
}
