using System.Text.Json;

namespace LoraDrop.Worker;

/// <summary>Tells JSON lines from one JSON document; both are published as <c>.json</c>.</summary>
internal static class JsonLinesCheck
{
    private const int LongestLook = 1 << 20;

    /// <summary>Whether the first line is an object of its own. A line longer than a million characters is taken for one if it begins so.</summary>
    public static async Task<bool> PassesAsync(string path, CancellationToken cancel)
    {
        using var reader = new StreamReader(path);
        var buffer = new char[LongestLook];
        var length = await reader.ReadBlockAsync(buffer, cancel);
        var text = new string(buffer, 0, length).TrimStart();
        var end = text.IndexOf('\n');
        return text.StartsWith('{') && ((end < 0 && length == LongestLook) || IsDocument(end < 0 ? text : text[..end]));
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
