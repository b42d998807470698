using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;

namespace LoraDrop.Api;

/// <summary>Streams a dataset's files from the request into the object store. If anything fails, stored files are removed.</summary>
internal sealed class DatasetUpload(InputLife life, IObjectStore objects, ApiOptions options, TimeProvider clock)
{
    private const int LongestName = 1024;

    private static readonly string[] Splits = ["train", "validation", "test"];

    private readonly Guid _id = Guid.CreateVersion7(clock.GetUtcNow());
    private readonly List<Fault> _faults = [];
    private readonly List<StoredFile> _files = [];
    private readonly HashSet<string> _given = [];
    private string? _name;
    private bool _shared;

    /// <summary>The schema of the form.</summary>
    public static OpenApiSchema Form()
    {
        static OpenApiSchema File(string description) =>
            new() { Type = JsonSchemaType.String, Format = "binary", Description = description };
        return new()
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "name", "train" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["name"] = new OpenApiSchema { Type = JsonSchemaType.String,
                Description = "Name of the dataset: 1 to 63 characters of a-z, A-Z, 0-9, '.', '_' and '-', starting with a letter "
                + "or digit.", MaxLength = 63, MinLength = 1 },
                ["shared"] = new OpenApiSchema { Type = JsonSchemaType.Boolean, Default = false,
                Description = "Whether all owners can use it; admins only." },
                ["train"] = File("Training examples."),
                ["validation"] = File("Validation examples, used to select the best checkpoint."),
                ["test"] = File("Test examples, scored once at the end."),
            },
        };
    }

    /// <summary>The stored dataset, or every fault of the request.</summary>
    /// <exception cref="BadHttpRequestException">A file is too large, or the body ends early.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public async Task<Answer<DatasetRow>> ReceiveAsync(HttpRequest request, CancellationToken cancel)
    {
        UploadLimit.Set(request, options, files: Splits.Length);
        var kept = false;
        try
        {
            await ReadPartsAsync(request, cancel);
            if (!_given.Contains("name")) _faults.Add(new("name", "is required"));
            if (!_given.Contains("train")) _faults.Add(new("train", "is required: the file with the training examples"));
            if (_faults.Count > 0) return new Refusal.Invalid(_faults);
            var answer = await life.AddUploadAsync(_id, _name!, _shared, _files, cancel);
            kept = answer.Refusal is null;
            return answer;
        }
        finally
        {
            // Clean up even if the client has disconnected.
            if (!kept) foreach (var file in _files) await objects.DeleteAsync(file.Key, CancellationToken.None);
        }
    }

    private async Task ReadPartsAsync(HttpRequest request, CancellationToken cancel)
    {
        await foreach (var part in FormParts.ReadAsync(request, cancel)) await ReadPartAsync(part, cancel);
    }

    private async Task ReadPartAsync(FormPart part, CancellationToken cancel)
    {
        var field = part.Field;
        // a form field without a chosen file
        if (Splits.Contains(field) && part.FileName.Length == 0 && await IsEmptyAsync(part, cancel)) return;
        if (field is not ("name" or "shared") && !Splits.Contains(field))
            _faults.Add(new(PlainText.Clipped(field), $"unknown field; expected name, shared, {string.Join(", ", Splits)}"));
        else if (!_given.Add(field)) _faults.Add(new(field, "is given twice"));
        else if (field == "name") await ReadNameAsync(part, cancel);
        else if (field == "shared") await ReadSharedAsync(part, cancel);
        else await StoreAsync(part, cancel);
    }

    private async Task ReadNameAsync(FormPart part, CancellationToken cancel)
    {
        _name = await part.TextAsync(LongestName, cancel);
        if (_name.Length >= LongestName) _faults.Add(new("name", "is too long"));
        else if (Source.NameFault(_name, "name") is { } wrong) _faults.Add(wrong);
    }

    private async Task ReadSharedAsync(FormPart part, CancellationToken cancel)
    {
        var written = await part.TextAsync(LongestName, cancel);
        if (written is not ("true" or "false" or "")) _faults.Add(new("shared", "must be true or false"));
        _shared = written == "true";
    }

    private async Task StoreAsync(FormPart part, CancellationToken cancel)
    {
        var (split, fileName) = (part.Field, part.FileName);
        var format = DataFormat.Of(fileName);
        if (fileName.Length == 0) _faults.Add(new(split, "must be a file with a name, whose extension gives the format"));
        else if (!DataFormat.Extensions.Contains(format))
            _faults.Add(new(split,
                $"must have one of the extensions {string.Join(", ", DataFormat.Extensions)}; got {PlainText.Clipped(fileName)}"));
        else if (_faults.Count == 0)   // else the request is refused anyway, and the reader skips the part
        {
            var stored = await objects.PutAsync($"datasets/{_id}/{split}{format}", UploadLimit.On(part.Body, options), cancel);
            _files.Add(new($"{split}{format}", stored.Key, stored.Bytes, stored.Sha256));
        }
    }

    private static async Task<bool> IsEmptyAsync(FormPart part, CancellationToken cancel) =>
        await part.Body.ReadAsync(new byte[1], cancel) == 0;
}
