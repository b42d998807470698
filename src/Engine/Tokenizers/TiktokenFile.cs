using System.Globalization;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Reads a <c>tokenizer.model</c> in tiktoken's format, as published by Meta for Llama 3: one line <c>base64 rank</c> per token,
/// without the special tokens.</summary>
internal static class TiktokenFile
{
    /// <summary>Llama 3's word pattern (meta-llama/llama3, tokenizer.py).</summary>
    private const string Words =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The named ones of Llama 3's 256 special tokens; the others are reserved (meta-llama/llama-models,
    /// llama3/tokenizer.py).</summary>
    private static readonly Dictionary<int, string> Named = new()
    {
        [0] = "begin_of_text", [1] = "end_of_text", [4] = "finetune_right_pad_id", [6] = "start_header_id", [7] = "end_header_id",
        [8] = "eom_id", [9] = "eot_id", [10] = "python_tag",
    };

    private const int Special = 256;

    /// <summary>Whether a file has this format, judged by its first line: base64 and a number.</summary>
    public static bool Is(string file)
    {
        using var reader = new StreamReader(file);
        var buffer = new char[200];
        var line = new string(buffer, 0, reader.ReadBlock(buffer)).Split('\n')[0].TrimEnd('\r').Split(' ');
        return line is [var token, var rank] && int.TryParse(rank, CultureInfo.InvariantCulture, out _)
            && Convert.TryFromBase64String(token, new byte[token.Length], out _);
    }

    /// <exception cref="RefusedInputException">A line has another form, or ranks are not consecutive from 0.</exception>
    public static TokenizerSteps Read(string file, SpecialTokenNames names)
    {
        var vocabulary = new Dictionary<string, int>();
        foreach (var (i, line) in File.ReadLines(file).Index())
        {
            if (line.Length == 0) continue;
            var bytes = new byte[line.Length];
            if (line.Split(' ') is not [var token, var rank] || !Convert.TryFromBase64String(token, bytes, out var length)
                || rank != $"{vocabulary.Count}")
                throw new RefusedInputException($"{file} line {i + 1}", $"must be a token in base64 and its rank, {vocabulary.Count}");
            if (!vocabulary.TryAdd(ByteLevel.ToLetters(bytes.AsSpan(0, length)), vocabulary.Count))
                throw new RefusedInputException($"{file} line {i + 1}", "names a token twice");
        }
        var first = vocabulary.Count;
        var reserved = 0;
        AddedToken[] added =
            [.. Enumerable.Range(0, Special).Select(i =>
                new AddedToken($"<|{(Named.TryGetValue(i, out var name) ? name : $"reserved_special_token_{reserved++}")}|>", first + i))];
        var merges = new List<(string, string, int)>();
        foreach (var (token, rank) in vocabulary)
            for (var at = 1; at < token.Length; at++)
                if (vocabulary.ContainsKey(token[..at]) && vocabulary.ContainsKey(token[at..]))
                    merges.Add((token[..at], token[at..], rank));
        var split =
            PreTokenizers.InOrder([PreTokenizers.ByPattern(Words), PreTokenizers.ByteLevelWords(addPrefixSpace: false, splitWords: false)]);
        int[] before = names.Config["add_bos_token"].Flag(true) ? [first] : [];
        return new(text => text, new AddedTokens(names.AddedTo(added), text => text), split,
            new BytePairModel(vocabulary, merges) { IgnoreMerges = true }, SequenceTemplate.Around(before, []), Decoders.Bytes);
    }
}
