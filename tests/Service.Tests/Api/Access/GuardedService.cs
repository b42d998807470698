using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>A service that asks for keys, with a caller of each kind.</summary>
public sealed class GuardedService : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    public HttpClient Ada { get; private set; } = null!;

    public HttpClient Bob { get; private set; } = null!;

    /// <summary>May look at what is Ada's.</summary>
    public HttpClient AdasReader { get; private set; } = null!;

    /// <summary>May look at everything.</summary>
    public HttpClient Dashboard { get; private set; } = null!;

    public HttpClient Admin { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await TestService.StartAsync(services => services.AddSingleton(TestService.ApiDefaults with { RequireKey = true }));
        await Service.AddInputsAsync();
        Ada = Service.As(await Service.KeyAsync(Role.Submit, "ada"));
        Bob = Service.As(await Service.KeyAsync(Role.Submit, "bob"));
        AdasReader = Service.As(await Service.KeyAsync(Role.Read, "ada"));
        Dashboard = Service.As(await Service.KeyAsync(Role.Read, Caller.Everybody));
        Admin = Service.As(await Service.KeyAsync(Role.Admin, "ops"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in new[] { Ada, Bob, AdasReader, Dashboard, Admin }) client.Dispose();
        await Service.DisposeAsync();
    }
}

internal static class Asking
{
    public static Task<HttpResponseMessage> PostTextAsync(this HttpClient client, string address, string json,
        string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post,
            address) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        return client.SendAsync(request);
    }

    public static async Task<JsonElement> ReadAsync(this HttpClient client, string address)
    {
        using var answer = await client.GetAsync(address);
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public static async Task<Guid> SubmitAsync(this HttpClient client, string json = Given.Minimal)
    {
        using var answer = await client.PostTextAsync("/jobs", json);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }
}
