using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>A trained byte-level BPE: RoBERTa's special tokens, the 256 bytes, the merged tokens, and <c>&lt;mask&gt;</c> last.</summary>
public sealed class BpeVocabulary
{
    /// <summary><c>&lt;s&gt;</c> 0, <c>&lt;pad&gt;</c> 1, <c>&lt;/s&gt;</c> 2, <c>&lt;unk&gt;</c> 3, and <c>&lt;mask&gt;</c>.</summary>
    internal const int SpecialTokens = 5;

    private static readonly JsonSerializerOptions Json =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, int> _ids;
    private readonly List<string> _merges;

    internal BpeVocabulary(IEnumerable<string> tokens, IEnumerable<(string Left, string Right)> merges)
    {
        _ids = ((string[])["<s>", "<pad>", "</s>", "<unk>", .. tokens, "<mask>"]).Index()
            .ToDictionary(token => token.Item, token => token.Index);
        _merges = [.. merges.Select(merge => $"{merge.Left} {merge.Right}")];
    }

    /// <summary>Number of tokens, including special ones; ids start at 0.</summary>
    public int Size => _ids.Count;

    /// <summary>Writes tokenizer.json, vocab.json, merges.txt, special_tokens_map.json and tokenizer_config.json in Hugging Face's
    /// formats.</summary>
    /// <param name="folder">Created if missing; existing files with these names are replaced.</param>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        Write("vocab.json", _ids);
        File.WriteAllLines(Path.Combine(folder, "merges.txt"), ["#version: 0.2", .. _merges]);
        Write("tokenizer.json", TokenizerJson());
        Write("special_tokens_map.json",
            Names(mask: new { content = "<mask>", single_word = false, lstrip = true, rstrip = false, normalized = false }));
        Write("tokenizer_config.json", new Dictionary<string, object>(Names(mask: "<mask>"))
        {
            ["add_prefix_space"] = false,
            ["tokenizer_class"] = "RobertaTokenizer",
            ["trim_offsets"] = true,
        });

        void Write(string name, object content) =>
            File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(content, Json) + '\n');
    }

    private static Dictionary<string, object> Names(object mask) => new()
    {
        ["bos_token"] = "<s>",
        ["cls_token"] = "<s>",
        ["eos_token"] = "</s>",
        ["sep_token"] = "</s>",
        ["pad_token"] = "<pad>",
        ["unk_token"] = "<unk>",
        ["mask_token"] = mask,
    };

    private object TokenizerJson() => new
    {
        version = "1.0",
        truncation = (object?)null,
        padding = (object?)null,
        added_tokens = ((string[])["<s>", "<pad>", "</s>", "<unk>", "<mask>"]).Select(Added),
        normalizer = (object?)null,
        pre_tokenizer = ByteLevelStep(addPrefixSpace: false),
        post_processor = new
        {
            type = "RobertaProcessing",
            sep = (object[])["</s>", _ids["</s>"]],
            cls = (object[])["<s>", _ids["<s>"]],
            trim_offsets = true,
            add_prefix_space = false,
        },
        decoder = ByteLevelStep(addPrefixSpace: true),
        model = new
        {
            type = "BPE",
            dropout = (double?)null,
            unk_token = (string?)null,
            continuing_subword_prefix = "",
            end_of_word_suffix = "",
            fuse_unk = false,
            byte_fallback = false,
            ignore_merges = false,
            vocab = _ids,
            merges = _merges,
        },
    };

    private object Added(string token)
    {
        var isMask = token == "<mask>";
        return new { id = _ids[token], content = token, single_word = false, lstrip = isMask, rstrip = false, normalized = !isMask,
            special = true };
    }

    private static object ByteLevelStep(bool addPrefixSpace) =>
        new { type = "ByteLevel", add_prefix_space = addPrefixSpace, trim_offsets = true, use_regex = true };
}
