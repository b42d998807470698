using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Makes one attempt to deliver: signs, sends, and tells how it went.</summary>
/// <remarks>Whatever a receiver does (hang, redirect, send without end, break off) is an outcome, none an exception. Its words are not kept, only its status.</remarks>
internal sealed class WebhookSender(OutgoingGuard guard, WebhookOptions options, TimeProvider clock) : IDisposable
{
    private const int MostRead = 4096;

    /// <summary>How long the rest of an answer is waited for when its status has come: whoever reads it to the end can use the connection again.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new(guard.Handler()) { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="delivery">What to send.</param>
    /// <param name="stop">Breaks it off.</param>
    /// <exception cref="OperationCanceledException">It was broken off.</exception>
    public async Task<AttemptOutcome> SendAsync(TakenDelivery delivery, CancellationToken stop)
    {
        var began = clock.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(options.Timeout);
        var (status, error) = await TryAsync(delivery, limit.Token, stop);
        return new(status, error, clock.GetElapsedTime(began));
    }

    public void Dispose() => _http.Dispose();

    private async Task<(int? Status, string? Error)> TryAsync(TakenDelivery delivery, CancellationToken limit, CancellationToken stop)
    {
        try
        {
            using var request = Request(delivery);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit);
            await DrainAsync(answer, limit);
            return ((int)answer.StatusCode, Error((int)answer.StatusCode));
        }
        catch (Exception failed) when (!stop.IsCancellationRequested && Said(failed) is not null)
        {
            return (null, Said(failed));
        }
    }

    private HttpRequestMessage Request(TakenDelivery delivery)
    {
        var now = clock.GetUtcNow();
        var (id, seconds) = (delivery.Id.ToString("D"), now.ToUnixTimeSeconds());
        var request = new HttpRequestMessage(HttpMethod.Post, delivery.Webhook.Url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(delivery.Body)) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("loradrop", ServiceVersion.Text.Split('+')[0]));
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", $"{seconds}");
        request.Headers.Add("webhook-signature", WebhookSecret.Sign(delivery.Webhook.ValidAt(now), id, seconds, delivery.Body));
        return request;
    }

    private static async Task DrainAsync(HttpResponseMessage answer, CancellationToken limit)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(limit);
        soon.CancelAfter(Drain);
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(soon.Token);
            var buffer = new byte[MostRead];
            await body.ReadAtLeastAsync(buffer, MostRead, throwOnEndOfStream: false, soon.Token);
        }
        catch (Exception broken) when (broken is OperationCanceledException or IOException or HttpRequestException)
        {
            // The status has come, and that is what counts.
        }
    }

    private static string? Error(int status) => status switch
    {
        >= 200 and < 300 => null,
        >= 300 and < 400 => $"it redirects ({status}), which is not followed: give the webhook the address that it redirects to",
        410 => "it wants no more (410)",
        _ => $"it answered {status}",
    };

    /// <summary>What went wrong, without numbers of a network that are not the owner's to know; null where it is an error of this program.</summary>
    private string? Said(Exception failed)
    {
        if (OutgoingGuard.RefusalIn(failed) is { } refused) return refused.Message;
        if (failed is OperationCanceledException) return failed.InnerException is TimeoutException ? "no connection came about" : $"no answer came within {options.Timeout.TotalSeconds:0.###} s";
        for (var inner = failed; inner is not null; inner = inner.InnerException)
            switch (inner)
            {
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }: return "its name does not resolve to an address";
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }: return "it refuses the connection";
                case SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown }: return "it broke the connection off";
                case SocketException socket: return $"it cannot be reached ({socket.SocketErrorCode})";
                case AuthenticationException: return "its certificate is not valid, or it does not speak TLS";
            }
        return failed switch
        {
            HttpRequestException http => $"its answer cannot be used ({http.HttpRequestError})",
            IOException => "it broke the connection off",
            _ => null,
        };
    }
}
