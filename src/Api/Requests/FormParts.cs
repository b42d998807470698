using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace LoraDrop.Api;

/// <summary>A part of a multipart form.</summary>
/// <param name="Field">Name of the field.</param>
/// <param name="FileName">File name given by the client; empty if the part is not a file.</param>
/// <param name="Body">Content, which must be read once and before the next part.</param>
internal sealed record FormPart(string Field, string FileName, Stream Body)
{
    /// <summary>The content as text, truncated to the given length.</summary>
    public async Task<string> TextAsync(int longest, CancellationToken cancel)
    {
        var buffer = new byte[longest];
        return Encoding.UTF8.GetString(buffer, 0, await Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel));
    }
}

/// <summary>Reads a multipart body part by part, without buffering.</summary>
internal static class FormParts
{
    /// <summary>Bytes allowed in addition to the files: names, boundaries, headers.</summary>
    public const long Overhead = 1 << 16;

    /// <summary>Enough to list the faults of a wrong form, few enough to bound memory.</summary>
    private const int Most = 100;

    public static bool IsForm(HttpRequest request) => MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="BadHttpRequestException">The body is not a form, has too many parts, or ends early.</exception>
    public static async IAsyncEnumerable<FormPart> ReadAsync(HttpRequest request, [EnumeratorCancellation] CancellationToken cancel)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(request.ContentType).Boundary);
        if (!(boundary.Length is > 0 and <= 70))
            throw new BadHttpRequestException("The Content-Type of a multipart body must have a boundary of 1 to 70 characters.");
        var parts = new MultipartReader(boundary.ToString(), request.Body);
        for (var count = 1; await NextAsync(parts, cancel) is { } part; count++)
        {
            if (count > Most) throw new BadHttpRequestException($"The body has more than {Most} parts.");
            if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition))
                throw new BadHttpRequestException("A part of the body has no Content-Disposition.");
            var fileName = HeaderUtilities.RemoveQuotes(disposition.FileNameStar is { Length: > 0 } star ? star : disposition.FileName)
                .ToString();
            yield return new(HeaderUtilities.RemoveQuotes(disposition.Name).ToString(), fileName, new RequestBodyStream(part.Body));
        }
    }

    private static async Task<MultipartSection?> NextAsync(MultipartReader parts, CancellationToken cancel)
    {
        try
        {
            return await parts.ReadNextSectionAsync(cancel);
        }
        catch (Exception malformed) when (malformed is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw new BadHttpRequestException($"The multipart body cannot be read: {malformed.Message}", malformed);
        }
    }
}
