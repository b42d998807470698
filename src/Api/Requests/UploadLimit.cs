using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoraDrop.Api;

/// <summary>Limits the size of uploads (<see cref="ApiOptions.MaxUploadBytes"/>).</summary>
internal static class UploadLimit
{
    /// <summary>Sets the body limit for a form with a number of files.</summary>
    /// <exception cref="BadHttpRequestException">Content-Length exceeds the limit.</exception>
    public static void Set(HttpRequest request, ApiOptions options, int files)
    {
        var most = options.MaxUploadBytes * files + FormParts.Overhead;
        if (request.ContentLength > most) throw TooLarge(options);
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = most;
    }

    /// <summary>Wraps the content of a file; throws a <see cref="BadHttpRequestException"/> if it is too large.</summary>
    public static Stream On(Stream file, ApiOptions options) => new LimitedStream(file, options.MaxUploadBytes, () => TooLarge(options));

    private static BadHttpRequestException TooLarge(ApiOptions options) =>
        new($"A file may have at most {options.MaxUploadBytes} bytes.", StatusCodes.Status413PayloadTooLarge);
}
