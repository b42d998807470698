using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Makes one delivery attempt: signs, sends, and returns the outcome.</summary>
/// <remarks>Whatever a receiver does (hang, redirect, respond endlessly, disconnect) is an outcome, not an exception. Only its status is
/// stored, not its response body.</remarks>
internal sealed class WebhookSender(OutgoingGuard guard, WebhookOptions options, TimeProvider clock) : IDisposable
{
    private const int MostRead = 4096;

    /// <summary>Time to read the rest of a response after its status, so that the connection can be reused.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new(guard.Handler()) { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="delivery">What to send.</param>
    /// <param name="stop">Aborts the attempt.</param>
    /// <exception cref="OperationCanceledException">The attempt was aborted.</exception>
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
        catch (Exception failed) when (!stop.IsCancellationRequested && Describe(failed) is not null)
        {
            return (null, Describe(failed));
        }
    }

    private HttpRequestMessage Request(TakenDelivery delivery)
    {
        var now = clock.GetUtcNow();
        var (id, seconds) = (delivery.Id.ToString("D"), now.ToUnixTimeSeconds());
        var request = new HttpRequestMessage(HttpMethod.Post,
            delivery.Webhook.Url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(delivery.Body)) };
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
            // Only the status matters.
        }
    }

    private static string? Error(int status) => status switch
    {
        >= 200 and < 300 => null,
        >= 300 and < 400 => $"the receiver redirects ({status}), which is not followed: set the webhook's URL to the redirect's target",
        410 => "the receiver is gone (410)",
        _ => $"the receiver responded with {status}",
    };

    /// <summary>A description of the failure without internal network details; null for an error of this program.</summary>
    private string? Describe(Exception failed)
    {
        if (OutgoingGuard.RefusalIn(failed) is { } refused) return refused.Message;
        if (failed is OperationCanceledException)
            return failed.InnerException is TimeoutException
                ? "the connection timed out"
                : $"no response within {options.Timeout.TotalSeconds:0.###} s";
        for (var inner = failed; inner is not null; inner = inner.InnerException)
            switch (inner)
            {
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData
                    or SocketError.TryAgain }: return "the host name cannot be resolved";
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }: return "the connection was refused";
                case SocketException { SocketErrorCode: SocketError.ConnectionReset
                    or SocketError.Shutdown }: return "the connection was closed";
                case SocketException socket: return $"the receiver cannot be reached ({socket.SocketErrorCode})";
                case AuthenticationException: return "the certificate is invalid, or the receiver does not use TLS";
            }
        return failed switch
        {
            HttpRequestException http => $"the response is invalid ({http.HttpRequestError})",
            IOException => "the connection was closed",
            _ => null,
        };
    }
}
