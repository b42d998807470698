using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Service.Tests;

/// <summary>What gets webhooks: a web server that answers as a test says.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Receiver(WebApplication app) => _app = app;

    /// <summary>How each request is answered.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = Status(204);

    /// <summary>What came, in the order in which it came.</summary>
    public ConcurrentQueue<Got> Messages { get; } = [];

    public string Url => $"{_app.Urls.First()}/hook";

    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new Receiver(builder.Build());
        receiver._app.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
            receiver.Messages.Enqueue(new(http.Request.Method + ' ' + http.Request.Path, http.Request.ContentType,
                http.Request.Headers["webhook-id"].ToString(), http.Request.Headers["webhook-timestamp"].ToString(),
                http.Request.Headers["webhook-signature"].ToString(), http.Request.Headers.UserAgent.ToString(),
                await reader.ReadToEndAsync()));
            await receiver.Answer(http);
        });
        await receiver._app.StartAsync();
        return receiver;
    }

    public static Func<HttpContext, Task> Status(int status) => http =>
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    /// <summary>Takes the request and says nothing until the other side goes away.</summary>
    public static Task Hang(HttpContext http) =>
        Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(0);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>A message as a receiver got it.</summary>
internal sealed record Got(string Line, string? ContentType, string Id, string Timestamp, string Signature, string Agent, string Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Type => Json.GetProperty("type").GetString()!;

    /// <summary>Whether one of the signatures is that of a secret, after the words of the specification.</summary>
    public bool IsSignedWith(string secret)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Convert.FromBase64String(secret.Split('_')[1]));
        foreach (var part in new[] { Id, ".", Timestamp, ".", Body }) hmac.AppendData(Encoding.UTF8.GetBytes(part));
        return Signature.Split(' ').Contains($"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}");
    }
}
