using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoraDrop.Api;

/// <summary>Holds uploads to the bytes that a file may have (<see cref="ApiOptions.MaxUploadBytes"/>).</summary>
internal static class UploadLimit
{
    /// <summary>Lets a form of so many files through, and no more of its body than these may have.</summary>
    /// <exception cref="BadHttpRequestException">It says already that it is larger.</exception>
    public static void Set(HttpRequest request, ApiOptions options, int files)
    {
        var most = options.MaxUploadBytes * files + FormParts.Overhead;
        if (request.ContentLength > most) throw TooLarge(options);
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = most;
    }

    /// <summary>The content of a file, which throws a <see cref="BadHttpRequestException"/> where it is larger.</summary>
    public static Stream On(Stream file, ApiOptions options) => new LimitedStream(file, options.MaxUploadBytes, () => TooLarge(options));

    private static BadHttpRequestException TooLarge(ApiOptions options) => new($"A file has at most {options.MaxUploadBytes} bytes.", StatusCodes.Status413PayloadTooLarge);
}
