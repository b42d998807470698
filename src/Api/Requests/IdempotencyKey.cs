using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace LoraDrop.Api;

/// <summary>Makes POST idempotent: repeated requests with the same <c>Idempotency-Key</c> get the first response for a day.</summary>
/// <remarks>
/// As in Stripe's API: 409 while the first request is in progress, 422 if the body or path differs. Refused requests are not stored, so the
/// corrected request can use the same key.
/// </remarks>
internal sealed class IdempotencyKey(RequestDelegate next, IdempotentRequests requests, ApiOptions options, TimeProvider clock,
    ILogger<IdempotencyKey> log)
{
    public const string Header = "Idempotency-Key", Replayed = "Idempotency-Replayed";

    private const int Longest = 255;

    private static readonly string[] KeptHeaders =
        [HeaderNames.Location, HeaderNames.ETag, HeaderNames.RetryAfter, HeaderNames.ContentType];

    public async Task InvokeAsync(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method) || http.GetEndpoint() is null
            || !http.Request.Headers.TryGetValue(Header, out var given))
        {
            await next(http);
            return;
        }
        if (given is not [{ Length: > 0 and <= Longest } key] || key.Any(c => c is < ' ' or > '~'))
        {
            await Problems.Of(ProblemKind.BadRequest,
                $"The header {Header} must be a single value of 1 to {Longest} printable ASCII characters, such as a random UUID.")
                .WriteAsync(http);
            return;
        }
        var (row, mine) = await requests.TakeAsync(http.Features.Get<Caller>()!.Owner, key, OperationOf(http.Request), http.RequestAborted);
        await (mine ? WorkAsync(http, row) : ReplayAsync(http, row));
    }

    private async Task WorkAsync(HttpContext http, IdempotencyRow row)
    {
        var (request, response) = (http.Request.Body, http.Response.Body);
        using var digest = new BodyDigest(request, Boundary(http.Request));
        using var answer = new MemoryStream();
        (http.Request.Body, http.Response.Body) = (digest, answer);
        http.Features.Set(new ReservedId(row.Resource));
        var made = false;
        try
        {
            using (var done = new CancellationTokenSource())
            {
                var holding = HoldAsync(row, done.Token);
                try
                {
                    await next(http);
                    await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
                }
                finally
                {
                    await done.CancelAsync();
                    await holding;
                }
            }
            made = http.Response.StatusCode is >= 200 and < 300 && await ReadToEndAsync(digest, http.RequestAborted);
            if (made) await StoreAsync(http, row, digest, answer);
        }
        finally
        {
            (http.Request.Body, http.Response.Body) = (request, response);
            if (!made) await ReleaseAsync(row);
        }
        answer.Position = 0;
        await answer.CopyToAsync(response, http.RequestAborted);
    }

    /// <summary>Stores the response. If that fails, the request has still succeeded; a retry finds the resource by its reserved
    /// id.</summary>
    private async Task StoreAsync(HttpContext http, IdempotencyRow row, BodyDigest digest, MemoryStream answer)
    {
        (row.Status, row.Body, row.BodySha256) = (http.Response.StatusCode, answer.ToArray(), digest.Sha256());
        row.Headers = KeptHeaders.Where(http.Response.Headers.ContainsKey)
            .ToDictionary(name => name, name => http.Response.Headers[name].ToString());
        try
        {
            await requests.AnswerAsync(row, CancellationToken.None);
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            ApiLog.AnswerNotKept(log, http.Request.Path, failed.GetBaseException().Message);
        }
    }

    private async Task ReleaseAsync(IdempotencyRow row)
    {
        try
        {
            await requests.LetGoAsync(row, CancellationToken.None);
        }
        catch (Exception failed) when (Outages.Of(failed) is not null)
        {
            // The hold expires, and the next attempt takes over.
        }
    }

    private async Task HoldAsync(IdempotencyRow row, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            await Task.Delay(IdempotentRequests.Held / 3, clock, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (done.IsCancellationRequested) return;
            try
            {
                await requests.HoldAsync(row, CancellationToken.None);
            }
            catch (Exception failed) when (Outages.Of(failed) is not null)
            {
                // Retried at the next interval.
            }
        }
    }

    private async Task ReplayAsync(HttpContext http, IdempotencyRow row)
    {
        if (row.Status is not { } status)
        {
            http.Response.Headers.RetryAfter = "1";
            await Problems.Of(ProblemKind.IdempotencyInFlight, "The first request with this Idempotency-Key is still in progress.")
                .WriteAsync(http);
            return;
        }
        // the limit applied to the first body; a different one is refused below
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        using var digest = new BodyDigest(http.Request.Body, Boundary(http.Request));
        var same = row.Operation == OperationOf(http.Request) && await ReadToEndAsync(digest, http.RequestAborted)
            && digest.Sha256() == row.BodySha256;
        if (!same)
        {
            await Problems.Of(ProblemKind.IdempotencyReused, $"The Idempotency-Key was used on {row.CreatedAt:u} for "
                + $"{row.Operation}{(row.Operation == OperationOf(http.Request) ? " with a different body" : "")}.").WriteAsync(http);
            return;
        }
        http.Response.StatusCode = status;
        foreach (var (name, value) in row.Headers ?? []) http.Response.Headers[name] = value;
        http.Response.Headers[Replayed] = "true";
        await http.Response.Body.WriteAsync(row.Body ?? [], http.RequestAborted);
    }

    /// <summary>Reads the rest of the body; false if it exceeds what any request may have.</summary>
    private async Task<bool> ReadToEndAsync(BodyDigest body, CancellationToken cancel)
    {
        var buffer = new byte[1 << 16];
        for (long left = options.MaxUploadBytes * 4; !body.IsWhole && left > 0;) left -= await body.ReadAsync(buffer, cancel);
        return body.IsWhole;
    }

    private static string OperationOf(HttpRequest request) => $"{request.Method} {request.PathBase}{request.Path}";

    private static string? Boundary(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.StartsWith("multipart/",
            StringComparison.OrdinalIgnoreCase) ? HeaderUtilities.RemoveQuotes(type.Boundary).ToString() : null;
}

/// <summary>The id reserved for the resource that this request creates.</summary>
internal sealed record ReservedId(Guid Id)
{
    public static Guid? Of(HttpContext http) => http.Features.Get<ReservedId>()?.Id;
}
