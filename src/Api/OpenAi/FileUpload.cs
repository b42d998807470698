using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;

namespace LoraDrop.Api;

/// <summary>Streams a single file from the request into the object store. If anything fails, the stored file is removed.</summary>
internal sealed class FileUpload(FileLife life, IObjectStore objects, ApiOptions options, TimeProvider clock)
{
    public const string FineTune = "fine-tune", Results = "fine-tune-results";

    private const int LongestName = 255, LongestText = 1024;

    private static readonly string[] Parts = ["file", "purpose"];

    private readonly List<Fault> _faults = [];
    private readonly HashSet<string> _given = [];
    private StoredObject? _stored;
    private string _key = "", _name = "", _format = "";

    /// <summary>The schema of the form.</summary>
    public static OpenApiSchema Form() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "file", "purpose" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["file"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary",
            Description = "The file. Its extension gives the format: .jsonl (the default without an extension), .json, .csv, "
            + ".tsv, .txt, each optionally with .gz, or .parquet." },
            ["purpose"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [FineTune],
            Description = "The intended use of the file." },
        },
    };

    /// <summary>The stored file, or every fault of the request.</summary>
    /// <exception cref="BadHttpRequestException">The file is too large, or the body ends early.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public async Task<Answer<FileRow>> ReceiveAsync(HttpRequest request, CancellationToken cancel)
    {
        UploadLimit.Set(request, options, files: 1);
        var id = ReservedId.Of(request.HttpContext) ?? Guid.CreateVersion7(clock.GetUtcNow());
        // an earlier attempt of the same request succeeded, but its response was lost
        if (await life.FindAsync(id, cancel) is { } before) return before;
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
            // Clean up even if the client has disconnected.
            if (!kept && _stored is not null) await objects.DeleteAsync(_stored.Key, CancellationToken.None);
        }
    }

    private async Task ReadAsync(FormPart part, CancellationToken cancel)
    {
        if (!Parts.Contains(part.Field))
            _faults.Add(new(PlainText.Shown(PlainText.Clipped(part.Field)), "unknown field; expected file and purpose"));
        else if (!_given.Add(part.Field)) _faults.Add(new(part.Field, "is given twice"));
        else if (part.Field == "purpose") await ReadPurposeAsync(part, cancel);
        else await StoreAsync(part, cancel);
    }

    private async Task ReadPurposeAsync(FormPart part, CancellationToken cancel)
    {
        var purpose = await part.TextAsync(LongestText, cancel);
        if (purpose != FineTune) _faults.Add(new("purpose", $"must be {FineTune}, the only purpose this service supports"));
    }

    private async Task StoreAsync(FormPart part, CancellationToken cancel)
    {
        (_name, _format) = (part.FileName, DataFormat.Of(part.FileName));
        // OpenAI's clients name in-memory files without an extension, and JSON Lines is OpenAI's only format
        if (_format.Length == 0) _format = ".jsonl";
        if (_name.Length is 0 or > LongestName) _faults.Add(new("file", $"must be a file with a name of 1 to {LongestName} characters"));
        else if (PlainText.Fault(_name) is { } strange) _faults.Add(new("file", $"has a name that {strange}"));
        else if (!DataFormat.Extensions.Contains(_format))
            _faults.Add(
                new("file", $"must have one of the extensions {string.Join(", ", DataFormat.Extensions)}; got {PlainText.Clipped(_name)}"));
        else if (_faults.Count == 0) _stored = await objects.PutAsync(_key, UploadLimit.On(part.Body, options), cancel);
    }
}
