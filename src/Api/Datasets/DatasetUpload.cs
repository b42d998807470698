using System.Text;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace LoraDrop.Api;

/// <summary>Takes a dataset's files straight from the connection into the store. Whatever goes wrong on the way, nothing is left behind.</summary>
internal sealed class DatasetUpload(InputLife life, IObjectStore objects, ApiOptions options, TimeProvider clock)
{
    private const int LongestName = 1024;

    /// <summary>What the parts have beside their files: names, boundaries, headers.</summary>
    private const long Overhead = 1 << 16;

    /// <summary>Enough to list the faults of a wrong form, too few to fill the memory with them.</summary>
    private const int MostParts = 100;

    private static readonly string[] Splits = ["train", "validation", "test"];
    private static readonly string[] Formats = [".jsonl", ".csv", ".tsv", ".parquet"];

    private readonly Guid _id = Guid.CreateVersion7(clock.GetUtcNow());
    private readonly List<Fault> _faults = [];
    private readonly List<StoredFile> _files = [];
    private readonly HashSet<string> _given = [];
    private string? _name;

    /// <summary>The form as a browser shows it.</summary>
    public static OpenApiSchema Form()
    {
        static OpenApiSchema File(string description) => new() { Type = JsonSchemaType.String, Format = "binary", Description = description };
        return new()
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "name", "train" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["name"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The name for requests; 1 to 63 characters of a-z, A-Z, 0-9, '.', '_' and '-', a letter or digit first.", MaxLength = 63, MinLength = 1 },
                ["train"] = File("The examples to learn from."),
                ["validation"] = File("The examples that pick the best evaluation."),
                ["test"] = File("Examples that are scored once, at the end."),
            },
        };
    }

    /// <summary>The dataset, or every fault of the request.</summary>
    /// <exception cref="BadHttpRequestException">A file is too large, or the body breaks off.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public async Task<Answer<DatasetRow>> ReceiveAsync(HttpRequest request, CancellationToken cancel)
    {
        var most = options.MaxUploadBytes * Splits.Length + Overhead;
        if (request.ContentLength > most) throw TooLarge();
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = most;
        var kept = false;
        try
        {
            await ReadPartsAsync(request, cancel);
            if (!_given.Contains("name")) _faults.Add(new("name", "is required"));
            if (!_given.Contains("train")) _faults.Add(new("train", "is required: the file with the examples to learn from"));
            if (_faults.Count > 0) return new Refusal.Invalid(_faults);
            var answer = await life.AddUploadAsync(_id, _name!, _files, cancel);
            kept = answer.Refusal is null;
            return answer;
        }
        finally
        {
            // The client may be gone: what is stored is removed all the same.
            if (!kept) foreach (var file in _files) await objects.DeleteAsync(file.Key, CancellationToken.None);
        }
    }

    private async Task ReadPartsAsync(HttpRequest request, CancellationToken cancel)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(request.ContentType).Boundary);
        if (!(boundary.Length is > 0 and <= 70)) throw new BadHttpRequestException("The Content-Type of a multipart body needs a boundary of 1 to 70 characters.");
        var parts = new MultipartReader(boundary.ToString(), request.Body);
        for (var count = 1; await NextAsync(parts, cancel) is { } part; count++)
        {
            if (count > MostParts) throw new BadHttpRequestException($"A dataset has at most {Splits.Length + 1} parts.");
            if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition)) throw new BadHttpRequestException("A part of the body has no Content-Disposition.");
            part.Body = new ReceivedStream(part.Body);
            await ReadPartAsync(part, HeaderUtilities.RemoveQuotes(disposition.Name).ToString(), disposition, cancel);
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

    private async Task ReadPartAsync(MultipartSection part, string field, ContentDispositionHeaderValue disposition, CancellationToken cancel)
    {
        var fileName = HeaderUtilities.RemoveQuotes(disposition.FileNameStar is { Length: > 0 } star ? star : disposition.FileName).ToString();
        if (Splits.Contains(field) && fileName.Length == 0 && await IsEmptyAsync(part, cancel)) return;   // a form's field where no file was chosen
        if (field != "name" && !Splits.Contains(field)) _faults.Add(new(Clipped(field), $"is not a part of a dataset; there are name, {string.Join(", ", Splits)}"));
        else if (!_given.Add(field)) _faults.Add(new(field, "is given twice"));
        else if (field == "name") await ReadNameAsync(part, cancel);
        else await StoreAsync(part, field, fileName, cancel);
    }

    private async Task ReadNameAsync(MultipartSection part, CancellationToken cancel)
    {
        var buffer = new byte[LongestName];
        var length = await part.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        _name = Encoding.UTF8.GetString(buffer, 0, length);
        if (length == buffer.Length) _faults.Add(new("name", "is too long"));
        else if (Source.NameFault(_name, "name") is { } wrong) _faults.Add(wrong);
    }

    private async Task StoreAsync(MultipartSection part, string split, string fileName, CancellationToken cancel)
    {
        var format = Path.GetExtension(fileName).ToLowerInvariant();
        if (fileName.Length == 0) _faults.Add(new(split, "must be a file with a name, which says its format"));
        else if (!Formats.Contains(format)) _faults.Add(new(split, $"must be a file that ends in {string.Join(", ", Formats)}; got {Clipped(fileName)}"));
        else if (_faults.Count == 0)   // else it is refused anyway: the reader passes over it
        {
            var stored = await objects.PutAsync($"datasets/{_id}/{split}{format}", new LimitedStream(part.Body, options.MaxUploadBytes, TooLarge), cancel);
            _files.Add(new($"{split}{format}", stored.Key, stored.Bytes, stored.Sha256));
        }
    }

    private static async Task<bool> IsEmptyAsync(MultipartSection part, CancellationToken cancel) => await part.Body.ReadAsync(new byte[1], cancel) == 0;

    private BadHttpRequestException TooLarge() => new($"A file has at most {options.MaxUploadBytes} bytes.", StatusCodes.Status413PayloadTooLarge);

    private static string Clipped(string text) => text.Length > 40 ? $"{text[..40]}…" : text;
}
