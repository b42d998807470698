using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;

namespace LoraDrop.Api;

/// <summary>Takes a single file straight from the connection into the store. Whatever goes wrong on the way, nothing is left behind.</summary>
internal sealed class FileUpload(FileLife life, IObjectStore objects, ApiOptions options, TimeProvider clock)
{
    public const string FineTune = "fine-tune", Results = "fine-tune-results";

    private const int LongestName = 255, LongestText = 1024;

    private static readonly string[] Parts = ["file", "purpose"];

    private readonly List<Fault> _faults = [];
    private readonly HashSet<string> _given = [];
    private StoredObject? _stored;
    private string _key = "", _name = "", _format = "";

    /// <summary>The form as a browser shows it.</summary>
    public static OpenApiSchema Form() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "file", "purpose" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["file"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary", Description = "The file. The end of its name says how it is read: .jsonl (also where there is none), .json, .csv, .tsv, .txt, each perhaps with .gz, or .parquet." },
            ["purpose"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [FineTune], Description = "What it is for." },
        },
    };

    /// <summary>The file, or every fault of the request.</summary>
    /// <exception cref="BadHttpRequestException">The file is too large, or the body breaks off.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public async Task<Answer<FileRow>> ReceiveAsync(HttpRequest request, CancellationToken cancel)
    {
        UploadLimit.Set(request, options, files: 1);
        var id = MadeUnderId.Of(request.HttpContext) ?? Guid.CreateVersion7(clock.GetUtcNow());
        if (await life.FindAsync(id, cancel) is { } before) return before; // the same request was taken before, and its answer lost
        _key = FileLife.NewKey(id);
        var kept = false;
        try
        {
            await foreach (var part in FormParts.ReadAsync(request, cancel)) await ReadAsync(part, cancel);
            foreach (var missing in Parts.Where(field => !_given.Contains(field))) _faults.Add(new(missing, "is required"));
            if (_faults.Count == 0 && _stored is { Bytes: 0 }) _faults.Add(new("file", "is empty"));
            if (_faults.Count > 0 || _stored is null) return new Refusal.Invalid(_faults);
            var row = await life.AddAsync(id, _name, _format, _stored, cancel);
            kept = true;
            return row;
        }
        finally
        {
            // The client may be gone: what is stored is removed all the same.
            if (!kept && _stored is not null) await objects.DeleteAsync(_stored.Key, CancellationToken.None);
        }
    }

    private async Task ReadAsync(FormPart part, CancellationToken cancel)
    {
        if (!Parts.Contains(part.Field)) _faults.Add(new(PlainText.Shown(PlainText.Clipped(part.Field)), "is not supported; there are file and purpose"));
        else if (!_given.Add(part.Field)) _faults.Add(new(part.Field, "is given twice"));
        else if (part.Field == "purpose") await ReadPurposeAsync(part, cancel);
        else await StoreAsync(part, cancel);
    }

    private async Task ReadPurposeAsync(FormPart part, CancellationToken cancel)
    {
        var purpose = await part.TextAsync(LongestText, cancel);
        if (purpose != FineTune) _faults.Add(new("purpose", $"must be {FineTune}: this service does nothing else with files"));
    }

    private async Task StoreAsync(FormPart part, CancellationToken cancel)
    {
        (_name, _format) = (part.FileName, DataFormat.Of(part.FileName));
        if (_format.Length == 0) _format = ".jsonl";   // OpenAI's clients name bytes of the memory without an ending, and its only format is this one
        if (_name.Length is 0 or > LongestName) _faults.Add(new("file", $"must be a file with a name of 1 to {LongestName} characters"));
        else if (PlainText.Fault(_name) is { } strange) _faults.Add(new("file", $"has a name that {strange}"));
        else if (!DataFormat.Ends.Contains(_format)) _faults.Add(new("file", $"must be a file that ends in {string.Join(", ", DataFormat.Ends)}; got {PlainText.Clipped(_name)}"));
        else if (_faults.Count == 0) _stored = await objects.PutAsync(_key, UploadLimit.On(part.Body, options), cancel);
    }
}
