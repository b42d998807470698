using System.Text;
using LoraDrop.Domain;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraDrop.Api;

/// <summary>Reads the JSON body of a request.</summary>
internal static class JsonBody
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The parsed body, or the problem with it.</summary>
    public static async Task<(T? Value, ProblemHttpResult? Problem)> ReadAsync<T>(HttpRequest request, ApiOptions options,
        Func<string, T> parse, CancellationToken cancel) where T : class
    {
        if (!request.HasJsonContentType())
            return (null, Problems.Of(ProblemKind.UnsupportedMediaType, "Send the body as Content-Type: application/json, in UTF-8."));
        if (request.ContentLength > options.MaxJsonBytes) return (null, TooLarge(options));
        using var body = new MemoryStream();
        var buffer = new byte[1 << 14];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, cancel)) > 0)
        {
            if (body.Length + read > options.MaxJsonBytes) return (null, TooLarge(options));
            body.Write(buffer, 0, read);
        }
        try
        {
            return (parse(Strict.GetString(body.GetBuffer(), 0, (int)body.Length).TrimStart('\uFEFF')), null);
        }
        catch (DecoderFallbackException)
        {
            return (null, Problems.Of(ProblemKind.NotJson, "The body is not UTF-8.",
                [new("line 1", "is not JSON: the body is not UTF-8")]));
        }
        catch (RefusedInputException refused)
        {
            return (null, Problems.From(refused));
        }
    }

    private static ProblemHttpResult TooLarge(ApiOptions options) =>
        Problems.Of(ProblemKind.TooLarge, $"A JSON body may have at most {options.MaxJsonBytes} bytes.");
}
