using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>A JSON value with its path, so that errors can name file and field.</summary>
internal readonly record struct JsonField(string File, string Path, JsonElement Value)
{
    /// <exception cref="RefusedInputException">The file is missing or is not JSON.</exception>
    public static JsonField Read(string file)
    {
        if (!System.IO.File.Exists(file)) throw new RefusedInputException(file, "the file is missing.");
        if (GitLfsPointer.Is(file)) throw new RefusedInputException(file, GitLfsPointer.Message);
        try
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(file));
            return new JsonField(file, "", document.RootElement.Clone());
        }
        catch (JsonException invalid)
        {
            throw new RefusedInputException(file, $"is not valid JSON ({invalid.Message}). Download or save it again.");
        }
    }

    /// <summary>A member; absent if the field or the member is.</summary>
    public JsonField this[string name] => this with
    {
        Path = Below(name),
        Value = Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(name, out var member) ? member : default,
    };

    /// <summary>Whether the field is missing or null: the formats read here do not distinguish the two.</summary>
    public bool IsAbsent => Value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    public bool IsText => Value.ValueKind == JsonValueKind.String;

    public string Text => IsText ? Value.GetString()! : throw Refused("must be a string.");

    public int Number => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var number)
        ? number
        : throw Refused("must be a whole number.");

    public string? TextOrNull => IsAbsent ? null : Text;

    public bool Flag(bool whenAbsent) => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ when IsAbsent => whenAbsent,
        _ => throw Refused("must be true or false."),
    };

    public IEnumerable<JsonField> Items
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Array) throw Refused("must be a list.");
            var list = this;
            return Value.EnumerateArray().Select((item, i) => list with { Path = $"{list.Path}[{i}]", Value = item });
        }
    }

    public IEnumerable<(string Name, JsonField Field)> Members
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Object) throw Refused("must be an object.");
            var parent = this;
            return Value.EnumerateObject().Select(member =>
                (member.Name, parent with { Path = parent.Below(member.Name), Value = member.Value }));
        }
    }

    private string Below(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    public RefusedInputException Refused(string message) => new(Path.Length == 0 ? File : $"{File} {Path}", message);
}
