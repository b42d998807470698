namespace LoraDrop.Engine;

/// <summary>Which token plays which part, as <c>special_tokens_map.json</c> and <c>tokenizer_config.json</c> of a folder say.</summary>
/// <remarks>Parts are named as there: <c>pad_token</c>, <c>mask_token</c>, <c>unk_token</c>, <c>eos_token</c> … Either file may be missing.</remarks>
internal sealed class SpecialTokenNames
{
    private readonly JsonField _map;

    private SpecialTokenNames(JsonField map, JsonField config) => (_map, Config) = (map, config);

    /// <summary>The contents of tokenizer_config.json; absent where there is no such file.</summary>
    public JsonField Config { get; }

    public static SpecialTokenNames Read(string folder) =>
        new(ReadIfThere(Path.Combine(folder, "special_tokens_map.json")), ReadIfThere(Path.Combine(folder, "tokenizer_config.json")));

    /// <summary>The token that plays a part, or null where the files name none.</summary>
    public string? Of(string part) => Declared(part) switch
    {
        { IsAbsent: true } => null,
        { IsText: true } name => name.Text,
        var token => token["content"].Text,
    };

    /// <summary>The same with the flags of the declaration, for a part whose token stands in the vocabulary under <paramref name="id"/>.</summary>
    public AddedToken Token(string part, string content, int id, bool leftStrip)
    {
        var declared = Declared(part);
        return new AddedToken(content, id, LeftStrip: declared["lstrip"].Flag(leftStrip), RightStrip: declared["rstrip"].Flag(false));
    }

    private JsonField Declared(string part) => _map[part] is { IsAbsent: false } mapped ? mapped : Config[part];

    private static JsonField ReadIfThere(string file) => File.Exists(file) ? JsonField.Read(file) : new JsonField(file, "", default);
}
