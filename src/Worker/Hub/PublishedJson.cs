using System.Text.Json;

namespace LoraDrop.Worker;

/// <summary>Tells JSON lines from a list and from any other JSON document; all are published as <c>.json</c>.</summary>
internal static class PublishedJson
{
    private const int LongestLook = 1 << 20;

    /// <summary>The end of a name that the readers of data sets go by: <c>.jsonl</c> where the first line is an object of its own (a line longer than a million characters is taken for one if it begins so),
    /// <c>.json</c> where a list begins; null for anything else.</summary>
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
        catch (JsonException)   // the answer, not a failure: there is no other way to ask
        {
            return false;
        }
    }
}
