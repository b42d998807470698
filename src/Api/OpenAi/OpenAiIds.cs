using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace LoraDrop.Api;

/// <summary>Converts ids between this service and OpenAI's format: a prefix followed by our own id.</summary>
internal static class OpenAiIds
{
    private const string FilePrefix = "file-", JobPrefix = "ftjob-", EventPrefix = "ftevent-", CheckpointPrefix = "ftckpt-";
    private const int GuidBytes = 16, LongestName = 256;

    public static string OfFile(Guid file) => FilePrefix + Text(file);

    /// <summary>The id of a result file: the job's id and the file's name.</summary>
    public static string OfResult(Guid job, string name) =>
        FilePrefix + Base64Url.EncodeToString([.. Bytes(job), .. Encoding.UTF8.GetBytes(name)]);

    public static string OfJob(Guid job) => JobPrefix + Text(job);

    public static string OfEvent(long id) => EventPrefix + id.ToString(CultureInfo.InvariantCulture);

    public static string OfCheckpoint(Guid job, int step)
    {
        var bytes = new byte[GuidBytes + sizeof(int)];
        Bytes(job).CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(GuidBytes), step);
        return CheckpointPrefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>A GUID without a prefix, as in the name of a fine-tuned model.</summary>
    public static string Text(Guid id) => Base64Url.EncodeToString(Bytes(id));

    public static Guid? Guid(string text) => Decoded(text) is { Length: GuidBytes } bytes ? Of(bytes) : null;

    public static Guid? Job(string id) => After(id, JobPrefix) is { } text ? Guid(text) : null;

    public static Guid? File(string id) => After(id, FilePrefix) is { } text ? Guid(text) : null;

    public static (Guid Job, string Name)? Result(string id)
    {
        if (After(id, FilePrefix) is not { } text || Decoded(text) is not { Length: > GuidBytes and <= GuidBytes + LongestName } bytes)
            return null;
        return (Of(bytes[..GuidBytes]), Encoding.UTF8.GetString(bytes.AsSpan(GuidBytes)));
    }

    public static long? Event(string id) => After(id, EventPrefix) is { } text
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static int? CheckpointStep(string id, Guid job) =>
        After(id, CheckpointPrefix) is { } text && Decoded(text) is { Length: GuidBytes + sizeof(int) } bytes
            && Of(bytes[..GuidBytes]) == job ? BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(GuidBytes)) : null;

    private static byte[] Bytes(Guid id) => id.ToByteArray(bigEndian: true);

    private static Guid Of(byte[] bytes) => new(bytes, bigEndian: true);

    private static string? After(string id, string prefix) => id.StartsWith(prefix, StringComparison.Ordinal) ? id[prefix.Length..] : null;

    /// <summary>Decodes canonical base64url only, so that each resource has exactly one id.</summary>
    private static byte[]? Decoded(string text)
    {
        if (!Base64Url.IsValid(text)) return null;
        var bytes = Base64Url.DecodeFromChars(text);
        return Base64Url.EncodeToString(bytes) == text ? bytes : null;
    }
}
