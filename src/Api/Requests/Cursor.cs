using System.Buffers.Text;

namespace LoraDrop.Api;

/// <summary>Where a list goes on: the last id that was shown, in a form that nobody is tempted to make up.</summary>
internal static class Cursor
{
    public static string Of(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));

    /// <summary>The id to go on behind; null where no cursor is given, or with a fault.</summary>
    public static Guid? Read(QueryFields fields, string name = "cursor")
    {
        if (fields.Text(name) is not { } written) return null;
        Span<byte> bytes = stackalloc byte[16];
        if (Base64Url.IsValid(written, out var length) && length == 16 && Base64Url.TryDecodeFromChars(written, bytes, out _)) return new Guid(bytes, bigEndian: true);
        fields.Refuse(name, "must be what the last answer gave as next");
        return null;
    }
}
