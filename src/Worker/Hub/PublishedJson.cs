using System.Text.Json;

namespace LoraDrop.Worker;

/// <summary>Distinguishes JSON Lines, a list and other JSON documents, all of which are published as <c>.json</c>.</summary>
internal static class PublishedJson
{
    private const int LongestLook = 1 << 20;

    /// <summary>The extension for the content: <c>.jsonl</c> if the first line is an object (a line longer than a million characters is
    /// assumed to be one if it starts so),
    /// <c>.json</c> for a list; null for anything else.</summary>
    public static async Task<string?> EndOfAsync(string path, CancellationToken cancel)
    {
        using var reader = new StreamReader(path);
        var buffer = new char[LongestLook];
        var length = await reader.ReadBlockAsync(buffer, cancel);
        var text = new string(buffer, 0, length).TrimStart();
        if (text.StartsWith('[')) return ".json";
        var end = text.IndexOf('\n');
        return text.StartsWith('{') && ((end < 0 && length == LongestLook) || IsDocument(end < 0 ? text : text[..end])) ? ".jsonl" : null;
    }

    private static bool IsDocument(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return true;
        }
        catch (JsonException)   // the only way to test for valid JSON
        {
            return false;
        }
    }
}
