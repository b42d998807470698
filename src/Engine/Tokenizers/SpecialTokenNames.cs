using System.Globalization;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>The roles of special tokens according to a folder's <c>special_tokens_map.json</c> and <c>tokenizer_config.json</c>.</summary>
/// <remarks>Roles are named as there: <c>pad_token</c>, <c>mask_token</c>, <c>unk_token</c>, <c>eos_token</c> … Either file may be
/// missing.</remarks>
internal sealed class SpecialTokenNames
{
    private static readonly string[] Parts = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly JsonField _map, _added;

    private SpecialTokenNames(JsonField map, JsonField config, JsonField added, JsonField model) =>
        (_map, Config, _added, Model) = (map, config, added, model);

    /// <summary>The contents of tokenizer_config.json; absent if there is no such file.</summary>
    public JsonField Config { get; }

    /// <summary>The contents of config.json, whose model_type determines the tokenizer's class; absent if there is no such file.</summary>
    public JsonField Model { get; }

    public static SpecialTokenNames Read(string folder)
    {
        return new(
            ReadIfThere("special_tokens_map.json"), ReadIfThere("tokenizer_config.json"), ReadIfThere("added_tokens.json"),
            ReadIfThere(ModelConfig.FileName));

        JsonField ReadIfThere(string name)
        {
            var file = Path.Combine(folder, name);
            return File.Exists(file) ? JsonField.Read(file) : new JsonField(file, "", default);
        }
    }

    /// <summary>The added tokens in a vocabulary's own file, and those stored separately.</summary>
    public IEnumerable<AddedToken> AddedTo(IReadOnlyList<AddedToken> own) =>
        own.Concat(Beside.ExceptBy(own.Select(token => token.Content), token => token.Content));

    /// <summary>Added tokens that the vocabulary's own file lacks, by id: from added_tokens_decoder in tokenizer_config.json, or else from
    /// added_tokens.json.</summary>
    public IEnumerable<AddedToken> Beside
    {
        get
        {
            if (Config["added_tokens_decoder"] is { IsAbsent: false } described)
                return described.Members.Select(token => Described(token.Field, IdOf(token.Name, token.Field)) with { Stated =
                    token.Field }).OrderBy(token => token.Id);
            if (_added.IsAbsent) return [];
            var special = Parts.Select(Of).Concat(Declared("additional_special_tokens") is { IsAbsent: false } more
                ? more.Items.Select(TextOf)
                : []).ToHashSet();
            return _added.Members.Select(token => new AddedToken(token.Name, IdOf($"{token.Field.Number}", token.Field),
                special.Contains(token.Name)) { Stated = token.Field }).OrderBy(token => token.Id);
        }
    }

    /// <summary>The token with a role, or null if the files name none.</summary>
    public string? Of(string part) => Declared(part) is { IsAbsent: false } token ? TextOf(token) : null;

    /// <summary>The same with the declared flags, for a role whose token has the id <paramref name="id"/> in the vocabulary.</summary>
    public AddedToken Token(string part, string content, int id, bool leftStrip)
    {
        var declared = Declared(part);
        var strip = declared["lstrip"].Flag(leftStrip);
        return Described(declared, id) with { Content = content, Special = true, Normalized = false, LeftStrip = strip };
    }

    private static AddedToken Described(JsonField token, int id) => new(
        token["content"].TextOrNull ?? "", id, token["special"].Flag(false), token["normalized"].Flag(false),
        token["lstrip"].Flag(false), token["rstrip"].Flag(false), token["single_word"].Flag(false));

    private static string TextOf(JsonField token) => token.IsText ? token.Text : token["content"].Text;

    private static int IdOf(string id, JsonField token) => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw token.Refused($"an id is a whole number from 0; got {id}.");

    private JsonField Declared(string part) => _map[part] is { IsAbsent: false } mapped ? mapped : Config[part];
}
