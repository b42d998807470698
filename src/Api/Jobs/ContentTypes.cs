namespace LoraDrop.Api;

/// <summary>The content type of a file by its extension, and whether browsers should display it.</summary>
internal static class ContentTypes
{
    public static (string Type, bool Inline) Of(string name) => Path.GetExtension(name) switch
    {
        ".json" => ("application/json", true),
        ".svg" => ("image/svg+xml", true),
        ".md" => ("text/markdown; charset=utf-8", false),
        ".txt" => ("text/plain; charset=utf-8", false),
        ".jsonl" => ("application/jsonl", false),
        ".tsv" => ("text/tab-separated-values; charset=utf-8", false),
        ".csv" => ("text/csv; charset=utf-8", false),
        _ => ("application/octet-stream", false),
    };
}
