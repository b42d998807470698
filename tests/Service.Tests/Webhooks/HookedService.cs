using System.Net;
using System.Text;
using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>A service whose webhooks may reach this machine, with a clock that a test moves.</summary>
internal sealed class HookedService : IAsyncDisposable
{
    private HookedService(TestService service, LaterClock clock) => (Service, Clock) = (service, clock);

    public TestService Service { get; }

    public LaterClock Clock { get; }

    public WebhookDispatcher Dispatcher => Service.Services.GetRequiredService<WebhookDispatcher>();

    /// <param name="byItself">Whether it looks at the rows by itself, or only when a test says so.</param>
    /// <param name="set">Changes how webhooks work.</param>
    /// <param name="outgoing">Where they may lead; by default over http to this machine.</param>
    public static async Task<HookedService> StartAsync(bool byItself = false, Func<WebhookOptions, WebhookOptions>? set = null,
        OutgoingOptions? outgoing = null)
    {
        var clock = new LaterClock();
        var options = new WebhookOptions { LookEvery = byItself ? TimeSpan.FromMilliseconds(20) : TimeSpan.FromDays(1),
            Timeout = TimeSpan.FromSeconds(15) };
        options = set?.Invoke(options) ?? options;
        var service = await TestService.StartAsync(services => services.AddSingleton<TimeProvider>(clock).AddSingleton(options)
            .AddSingleton(outgoing ?? new OutgoingOptions { AllowHttp = true, PrivateNetworks = ["127.0.0.1"] })
            .AddSingleton<NameLookup>((host, _) =>
            Task.FromResult<IPAddress[]>(host.EndsWith(".inside") ? [IPAddress.Loopback] : [IPAddress.Parse("93.184.216.34")])));
        await service.AddInputsAsync();
        return new(service, clock);
    }

    /// <summary>Adds a webhook; its page with the secret.</summary>
    public async Task<JsonElement> AddAsync(string url, string more = "")
    {
        using var answer = await Service.PostAsync("/webhooks", $$"""{ "url": "{{url}}"{{more}} }""");
        var added = await answer.JsonAsync();
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Clock.Pass(TimeSpan.FromMilliseconds(1));
        return added;
    }

    /// <summary>One look at the rows, until all that it began has ended.</summary>
    public async Task SendAsync()
    {
        await Dispatcher.PollAsync(TestContext.Current.CancellationToken);
        await Dispatcher.WhenIdleAsync();
    }

    public Task<HttpResponseMessage> PatchAsync(string address, string json) =>
        Service.Http.PatchAsync(address, new StringContent(json, Encoding.UTF8, "application/json"));

    public async Task<JsonElement[]> DeliveriesAsync(string webhook, string query = "") =>
        [.. (await Service.JsonAsync($"/webhooks/{webhook}/deliveries{query}")).GetProperty("items").EnumerateArray()];

    public ValueTask DisposeAsync() => Service.DisposeAsync();

    /// <summary>The machine's time, and as much later as a test says.</summary>
    internal sealed class LaterClock : TimeProvider
    {
        private TimeSpan _later;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _later;

        public void Pass(TimeSpan time) => _later += time;
    }
}
