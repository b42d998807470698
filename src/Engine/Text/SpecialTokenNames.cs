using System.Globalization;

namespace LoraDrop.Engine;

/// <summary>Which token plays which part, as <c>special_tokens_map.json</c> and <c>tokenizer_config.json</c> of a folder say.</summary>
/// <remarks>Parts are named as there: <c>pad_token</c>, <c>mask_token</c>, <c>unk_token</c>, <c>eos_token</c> … Either file may be missing.</remarks>
internal sealed class SpecialTokenNames
{
    private static readonly string[] Parts = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly JsonField _map, _added;

    private SpecialTokenNames(JsonField map, JsonField config, JsonField added) => (_map, Config, _added) = (map, config, added);

    /// <summary>The contents of tokenizer_config.json; absent where there is no such file.</summary>
    public JsonField Config { get; }

    public static SpecialTokenNames Read(string folder) =>
        new(ReadIfThere(Path.Combine(folder, "special_tokens_map.json")), ReadIfThere(Path.Combine(folder, "tokenizer_config.json")), ReadIfThere(Path.Combine(folder, "added_tokens.json")));

    /// <summary>The added tokens that a vocabulary's file holds itself, and those that stand beside it.</summary>
    public IEnumerable<AddedToken> AddedTo(IReadOnlyList<AddedToken> own) => own.Concat(Added.ExceptBy(own.Select(token => token.Content), token => token.Content));

    /// <summary>Tokens that were added to a vocabulary whose own file does not hold them: added_tokens_decoder in tokenizer_config.json, or where there is none added_tokens.json.</summary>
    private IEnumerable<AddedToken> Added
    {
        get
        {
            if (Config["added_tokens_decoder"] is { IsAbsent: false } described)
                return described.Members.Select(token => new AddedToken(token.Field["content"].Text, IdOf(token.Name, token.Field), token.Field["special"].Flag(false), LeftStrip: token.Field["lstrip"].Flag(false), RightStrip: token.Field["rstrip"].Flag(false)));
            if (_added.IsAbsent) return [];
            var special = Parts.Select(Of).Concat(Declared("additional_special_tokens") is { IsAbsent: false } more ? more.Items.Select(TextOf) : []).ToHashSet();
            return _added.Members.Select(token => new AddedToken(token.Name, IdOf($"{token.Field.Number}", token.Field), special.Contains(token.Name)));
        }
    }

    /// <summary>The token that plays a part, or null where the files name none.</summary>
    public string? Of(string part) => Declared(part) is { IsAbsent: false } token ? TextOf(token) : null;

    /// <summary>The same with the flags of the declaration, for a part whose token stands in the vocabulary under <paramref name="id"/>.</summary>
    public AddedToken Token(string part, string content, int id, bool leftStrip)
    {
        var declared = Declared(part);
        return new AddedToken(content, id, LeftStrip: declared["lstrip"].Flag(leftStrip), RightStrip: declared["rstrip"].Flag(false));
    }

    private static string TextOf(JsonField token) => token.IsText ? token.Text : token["content"].Text;

    private static int IdOf(string id, JsonField token) => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw token.Refused($"an id is a whole number from 0; got {id}.");

    private JsonField Declared(string part) => _map[part] is { IsAbsent: false } mapped ? mapped : Config[part];

    private static JsonField ReadIfThere(string file) => File.Exists(file) ? JsonField.Read(file) : new JsonField(file, "", default);
}
