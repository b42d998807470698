using System.Buffers.Text;

namespace LoraDrop.Api;

/// <summary>An opaque cursor: the last id of the previous page.</summary>
internal static class Cursor
{
    public static string Of(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));

    /// <summary>Parses the cursor; null if none is given or it is invalid, which adds a fault.</summary>
    public static Guid? Read(QueryFields fields, string name = "cursor")
    {
        if (fields.Text(name) is not { } written) return null;
        Span<byte> bytes = stackalloc byte[16];
        if (Base64Url.IsValid(written, out var length) && length == 16 && Base64Url.TryDecodeFromChars(written, bytes, out _))
            return new Guid(bytes, bigEndian: true);
        fields.Refuse(name, "must be the next value of the previous page");
        return null;
    }
}
