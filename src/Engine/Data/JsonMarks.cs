using System.Text.Json;
using System.Text.Unicode;
using Apache.Arrow.Types;

namespace LoraDrop.Engine.Data;

/// <summary>Which texts of a Parquet column are JSON according to the file's own schema: those of the column itself, or of members of its
/// structs, lists and maps. Arrow's reader drops that mark.</summary>
/// <remarks>DuckDB writes a column of texts with a single number among them as JSON, hyparquet-writer every list and object: read as plain
/// texts, the first would keep their quotation marks and escapes.</remarks>
internal sealed class JsonMarks
{
    /// <summary>The row around a cell adds one level, and rows of JSONL are at most 64 deep.</summary>
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 63 };

    private JsonMarks(IReadOnlyList<JsonMarks?> members) => Members = members;

    /// <summary>The marks of the type's members, in the order of <see cref="ArrowCells.MembersOf"/>; null for a member without JSON. Empty
    /// if the texts themselves are JSON.</summary>
    public IReadOnlyList<JsonMarks?> Members { get; }

    /// <summary>Whether the texts themselves are JSON.</summary>
    public bool Marked => Members.Count == 0;

    /// <summary>The marks of a type, or null if nothing in it is JSON.</summary>
    /// <param name="type">The type.</param>
    /// <param name="nextIsJson">Whether the file's next column is JSON; called once per column that stores the type, in order.</param>
    public static JsonMarks? Of(IArrowType type, Func<bool> nextIsJson)
    {
        if (ArrowCells.MembersOf(type) is not { } types) return nextIsJson() ? new([]) : null;
        JsonMarks?[] members = [.. types.Select(member => Of(member, nextIsJson))];
        return members.Any(member => member is not null) ? new(members) : null;
    }

    /// <summary>Why a text is not valid JSON, worded as a fault, or null if it is.</summary>
    public static string? FaultIn(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8)) return "holds bytes that are no text in UTF-8";
        try
        {
            JsonElement.Parse(utf8, Strict);
            return null;
        }
        catch (JsonException e)
        {
            return $"is marked as JSON and is none: {JsonRows.Words(e)} (byte {e.BytePositionInLine + 1} of line {e.LineNumber + 1})";
        }
    }
}
