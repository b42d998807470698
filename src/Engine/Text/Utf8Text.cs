using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace LoraDrop.Engine;

/// <summary>Decodes UTF-8 strictly.</summary>
internal static class Utf8Text
{
    /// <summary>The text without its byte order mark; every line with a wrong byte is a fault and reads with a replacement character.</summary>
    public static string Decode(byte[] bytes, DataFaults faults)
    {
        if (!Utf8.IsValid(bytes)) FindWrongBytes(bytes, faults);
        return Encoding.UTF8.GetString(bytes.AsSpan(MarkOf(bytes)));
    }

    /// <summary>The lines of the same text without their ends (<c>\n</c> or <c>\r\n</c>), one at a time; blank lines at the end are no lines.</summary>
    public static IEnumerable<string> Lines(byte[] bytes, DataFaults faults)
    {
        if (!Utf8.IsValid(bytes)) FindWrongBytes(bytes, faults);
        var end = bytes.AsSpan().TrimEnd("\r\n"u8).Length;
        for (var start = MarkOf(bytes); start < end;)
        {
            var length = bytes.AsSpan(start, end - start).IndexOf((byte)'\n') is >= 0 and var found ? found : end - start;
            var line = bytes.AsSpan(start, length);
            yield return Encoding.UTF8.GetString(start + length < end && line.EndsWith("\r"u8) ? line[..^1] : line);
            start += length + 1;
        }
    }

    private static int MarkOf(byte[] bytes) => bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;

    private static void FindWrongBytes(ReadOnlySpan<byte> bytes, DataFaults faults)
    {
        var line = 0;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            line++;
            if (Utf8.IsValid(bytes[range])) continue;
            var offset = range.Start.GetOffset(bytes.Length) + FirstWrongByte(bytes[range]);
            faults.Add($"line {line}", $"is not UTF-8: byte 0x{bytes[offset]:X2} at offset {offset} of the file");
        }
    }

    private static int FirstWrongByte(ReadOnlySpan<byte> line)
    {
        var offset = 0;
        while (Rune.DecodeFromUtf8(line[offset..], out _, out var length) == OperationStatus.Done) offset += length;
        return offset;
    }
}
