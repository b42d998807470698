using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class TokenizerJsonFacts : IDisposable
{
    private const string Letters = """{"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "ab": 3}, "merges": ["a b"]}""";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_without_a_tokenizer_is_refused_and_told_what_belongs_there()
    {
        var refusal = Assert.Throws<RefusedInputException>(() => Tokenizer.Load(_folder.Path));
        Assert.Equal(_folder.Path, refusal.Faults.Single().Path);
        Assert.Contains("tokenizer.json", refusal.Message);
    }

    [Theory]
    [InlineData("not json", "tokenizer.json", "not valid JSON")]
    [InlineData("{}", "tokenizer.json model.", "")]
    [InlineData("""{"model": {"type": "Other"}}""", "tokenizer.json model.type", "'Other'")]
    [InlineData("""{"model": {"type": "Unigram"}}""", "tokenizer.json model.vocab", "pieces with their scores")]
    [InlineData("""{"model": {"type": "Unigram", "vocab": [["a", -1], ["b"]]}}""", "tokenizer.json model.vocab[1]", "its score")]
    [InlineData("""{"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", -1]]}}""", "tokenizer.json model.unk_id", "from 0 to 0")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}""", "tokenizer.json model.merges", "'b'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}""", "tokenizer.json model.merges[0]", "two tokens")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": "x"}, "merges": []}}""", "tokenizer.json model.vocab.a", "whole number")]
    [InlineData("""{"model": {"type": "BPE", "dropout": 0.1, "vocab": {"a": 0}, "merges": []}}""", "tokenizer.json model.dropout", "")]
    [InlineData("""{"model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"a": 0}}}""", "tokenizer.json model.unk_token",
        "vocabulary")]
    public void What_a_model_lacks_is_refused_by_file_and_field(string json, string path, string message)
    {
        _folder.File("tokenizer.json", json);
        AssertRefused(path, message);
    }

    [Theory]
    [InlineData("normalizer", """{"type": "Other"}""", "normalizer.type")]
    [InlineData("normalizer", """{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "X"}]}""", "normalizer.normalizers[1]")]
    [InlineData("normalizer", """{"type": "Precompiled", "precompiled_charsmap": "AAAA"}""", "normalizer.precompiled_charsmap")]
    [InlineData("normalizer", """{"type": "Precompiled", "precompiled_charsmap": "EAAAAAAAAAA="}""", "normalizer.precompiled_charsmap")]
    [InlineData("normalizer", """{"type": "Precompiled", "precompiled_charsmap": "no base64"}""", "normalizer.precompiled_charsmap")]
    [InlineData("normalizer", """{"type": "Replace", "pattern": {"Regex": "\\p{Han}+"}, "content": ""}""", "normalizer.pattern.Regex")]
    [InlineData("normalizer", """{"type": "Replace", "pattern": {"String": ""}, "content": "x"}""", "normalizer.pattern.String")]
    [InlineData("pre_tokenizer", """{"type": "UnicodeScripts"}""", "pre_tokenizer.type")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}""",
        "pre_tokenizer.pattern.Regex")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Kept"}""", "pre_tokenizer.behavior")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "3"}""", "pre_tokenizer.behavior")]
    [InlineData("pre_tokenizer", """{"type": "Metaspace", "prepend_scheme": "last"}""", "pre_tokenizer.prepend_scheme")]
    [InlineData("pre_tokenizer", """{"type": "Metaspace", "prepend_scheme": "first", "add_prefix_space": false}""", "pre_tokenizer.add_p")]
    [InlineData("pre_tokenizer", """{"type": "CharDelimiterSplit", "delimiter": "ab"}""", "pre_tokenizer.delimiter")]
    [InlineData("pre_tokenizer", """{"type": "FixedLength", "length": 0}""", "pre_tokenizer.length")]
    [InlineData("post_processor", """{"type": "Other"}""", "post_processor.type")]
    [InlineData("decoder", """{"type": "Other"}""", "decoder.type")]
    public void A_step_that_is_not_known_is_refused_by_file_and_field(string step, string json, string path)
    {
        Write(step, json);
        AssertRefused($"tokenizer.json {path}", "");
    }

    /// <summary>What .NET has no word for, or would read as something else than Oniguruma.</summary>
    [Theory]
    [InlineData(@"\p{Han}", @"'\p{Han}'")]
    [InlineData("[[:alpha:]]", "'[:alpha:]")]
    [InlineData("[a[^b]]", "within a set")]
    [InlineData("[^a&&[^b]]", "'&&'")]
    [InlineData("[a-c&&b]", "'&&'")]
    [InlineData("a{2}?", "'{n}?'")]
    [InlineData("(?x)a b", "'(?x)'")]
    [InlineData(@"a\K", @"'\K'")]
    [InlineData("[😀-😅]", "beyond U+FFFF")]
    [InlineData("+a", "repeats nothing")]
    [InlineData("[a", "does not end")]
    [InlineData(@"a\", "backslash")]
    [InlineData("(a", ".NET")]
    public void A_pattern_that_NET_would_read_otherwise_is_refused(string pattern, string message)
    {
        var written = System.Text.Json.JsonSerializer.Serialize(pattern);
        Write("pre_tokenizer", $$"""{"type": "Split", "pattern": {"Regex": {{written}}}, "behavior": "Isolated"}""");
        AssertRefused("tokenizer.json pre_tokenizer.pattern.Regex", message);
    }

    [Theory]
    [InlineData("""{"model": {"type": "Unigram", "vocab": [["a", -1]]}}""", "model.unk_id", "'b' (U+0062)")]
    [InlineData("""{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "?"}}""", "model.unk_token", "the word 'b'")]
    public void A_text_that_a_model_without_an_unknown_token_cannot_say_is_refused(string json, string path, string message)
    {
        _folder.File("tokenizer.json", json);
        var tokenizer = Tokenizer.Load(_folder.Path);
        Assert.Equal([0], tokenizer.Encode("a").Ids);
        var fault = Assert.Throws<RefusedInputException>(() => tokenizer.Encode("b")).Faults.Single();
        Assert.Equal($"{Path.Combine(_folder.Path, "tokenizer.json")} {path}", fault.Path);
        Assert.Contains(message, fault.Message);
    }

    [Fact]
    public void Added_tokens_are_found_leftmost_and_longest_and_take_white_space_where_they_say_so()
    {
        Write("added_tokens", """
            [{"id": 4, "content": "<x>", "lstrip": true, "special": true}, {"id": 5, "content": "<x><y>"}, {"id": 6, "content": "<z>", "rstrip": true}]
            """);
        Assert.Equal([1, 4, 1, 5, 2, 6, 1], Tokenizer.Load(_folder.Path).Encode("a \t<x>a<x><y>b<z> \n a").Ids);
    }

    [Fact]
    public void A_normalized_added_token_is_found_in_the_normalised_text_only()
    {
        Write("added_tokens", """[{"id": 4, "content": "AA", "normalized": true}, {"id": 5, "content": "BB", "normalized": false}]""",
            "normalizer", """{"type": "Lowercase"}""");
        Assert.Equal([4, 5, 4, 2, 2], Tokenizer.Load(_folder.Path).Encode("aABBAabb").Ids);
    }

    /// <summary>The reference takes no notice of the ids in the file. Whether ours are the same is told by the library itself.</summary>
    [Theory]
    [InlineData("""[{"id": 1, "content": "a"}, {"id": 4, "content": "<m>"}, {"id": 5, "content": "<n>"}]""", null)]
    [InlineData("""[{"id": 4, "content": "<m>"}, {"id": 3, "content": "ab"}, {"id": 5, "content": "<n>"}, {"id": 4, "content": "<m>"}]""",
        null)]
    [InlineData("""[{"id": 4, "content": "a"}, {"id": 4, "content": "<m>"}]""", null)]   // in the vocabulary, which has the word
    [InlineData("""[{"id": 5, "content": ""}, {"id": 4, "content": "<m>"}]""", null)]
    [InlineData("""[{"id": 50, "content": "<m>"}]""",
        "added_tokens[0].id: gives '<m>' the id 50, and Hugging Face's tokenizers 4: they number added "
        + "tokens on from the end of the vocabulary")]
    [InlineData("""[{"id": 4, "content": "<m>"}, {"id": 7, "content": "<n>"}]""",
        "added_tokens[1].id: gives '<n>' the id 7, and Hugging Face's tokenizers 5:")]
    [InlineData("""[{"id": 5, "content": "<n>"}, {"id": 4, "content": "<m>"}]""",
        "added_tokens[0].id: gives '<n>' the id 5, and Hugging Face's tokenizers 4:")]
    [InlineData("""[{"id": 4, "content": "<m>"}, {"id": 5, "content": "<m>"}]""",
        "added_tokens[1].id: gives '<m>' the id 5, and Hugging Face's tokenizers 4:")]
    [InlineData("""[{"id": 4, "content": "<m>"}, {"id": 4, "content": "<n>"}]""",
        "added_tokens[1].id: gives '<n>' the id 4, and Hugging Face's tokenizers 5:")]
    [InlineData("""[{"id": 2, "content": "<m>"}]""", "added_tokens[0].id: gives '<m>' the id 2, and Hugging Face's tokenizers 4:")]
    public void Ids_of_added_tokens_are_those_of_the_reference_or_the_file_is_refused(string tokens, string? refusal)
    {
        WriteForReference(tokens);
        using var reference = ReferenceTokenizer.Load(_folder.Path);
        foreach (var text in (string[])["<m>a<n>ab", "<n><m>b"])
        {
            if (refusal is null) Assert.Equal(reference.Encode(text), Tokenizer.Load(_folder.Path).Encode(text).Ids);
            else
                Assert.StartsWith($"{_folder.At("tokenizer.json")} {refusal}",
                    Assert.Throws<RefusedInputException>(() => Tokenizer.Load(_folder.Path)).Message);
        }
        if (refusal is null) return;
        var stated = JsonNode.Parse(tokens)!.AsArray().Select(token => ((string)token!["content"]!, (int)token["id"]!));
        Assert.Contains(stated, token => !reference.Encode(token.Item1).Contains(token.Item2));   // what the refusal says of the library
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Of_two_entries_for_one_added_token_the_last_counts_as_in_the_reference(bool first, bool last)
    {
        string Entry(bool flag) =>
            $$"""{"id": 4, "content": "<m>", "lstrip": {{(flag ? "true" : "false")}}, "special": {{(flag ? "true" : "false")}}}""";
        WriteForReference($"[{Entry(first)}, {Entry(last)}]");
        using var reference = ReferenceTokenizer.Load(_folder.Path);
        var ids = Tokenizer.Load(_folder.Path).Encode("a <m>b").Ids;
        Assert.Equal(reference.Encode("a <m>b"), ids);
        Assert.Equal(reference.Decode(ids).Replace(" ", ""), Tokenizer.Load(_folder.Path).Decode(ids).Replace(" ", ""));
    }

    [Fact]
    public void What_tokenizer_config_adds_is_numbered_on_by_its_ids()
    {
        Write("decoder", """{"type": "Fuse"}""");
        _folder.File("tokenizer_config.json", """{"added_tokens_decoder": {"5": {"content": "<y>"}, "4": {"content": "<x>"}}}""");
        Assert.Equal([4, 5], Tokenizer.Load(_folder.Path).Encode("<x><y>").Ids);
        _folder.File("tokenizer_config.json", """{"added_tokens_decoder": {"6": {"content": "<y>"}}}""");
        AssertRefused("tokenizer_config.json added_tokens_decoder.6", "gives '<y>' the id 6, and Hugging Face's tokenizers 4: ");
    }

    /// <summary>The reference takes one of them at random, another in each process.</summary>
    [Fact]
    public void Of_added_tokens_that_are_alike_once_normalised_the_first_counts()
    {
        Write("added_tokens", """[{"id": 4, "content": "AA"}, {"id": 5, "content": "aa"}, {"id": 6, "content": "aA", "special": true}]""",
            "normalizer", """{"type": "Lowercase"}""");
        Assert.Equal([4, 2], Tokenizer.Load(_folder.Path).Encode("aaB").Ids);
    }

    [Fact]
    public void Decoding_leaves_special_tokens_out_unless_asked_for_them()
    {
        Write("added_tokens", """[{"id": 4, "content": "<x>", "special": true}]""", "decoder", """{"type": "Fuse"}""");
        var tokenizer = Tokenizer.Load(_folder.Path);
        Assert.Equal("ab", tokenizer.Decode([4, 3, 99]));
        Assert.Equal("<x>ab", tokenizer.Decode([4, 3], skipSpecialTokens: false));
        Assert.Equal([4], tokenizer.SpecialIds);
        Assert.Equal(5, tokenizer.VocabularySize);
    }

    [Fact]
    public void A_length_that_leaves_no_room_for_special_tokens_is_out_of_range()
    {
        Write("post_processor", """{"type": "RobertaProcessing", "cls": ["a", 1], "sep": ["b", 2]}""");
        var tokenizer = Tokenizer.Load(_folder.Path);
        Assert.Equal([1, 2], tokenizer.Encode("ab", maxLength: 2).Ids);
        Assert.Equal([1, 2, 2, 2], tokenizer.Encode("ab", "ab", maxLength: 4).Ids);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("ab", maxLength: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("ab", "ab", maxLength: 3));
    }

    [Fact]
    public void A_word_of_100_000_letters_is_merged_in_a_moment()
    {
        Write("decoder", """{"type": "Fuse"}""");
        var word = string.Concat(Enumerable.Repeat("ab", 50_000));
        Assert.Equal(Enumerable.Repeat(3, 50_000), Tokenizer.Load(_folder.Path).Encode(word).Ids);
    }

    [Fact]
    public void Texts_encoded_at_once_have_the_ids_they_have_alone()
    {
        Write("decoder", """{"type": "Fuse"}""");
        var tokenizer = Tokenizer.Load(_folder.Path);
        var lengths = new int[2_000];
        Parallel.For(0, lengths.Length, i => lengths[i] = tokenizer.Encode(new string('a', i % 70)).Ids.Length);
        Assert.Equal(Enumerable.Range(0, lengths.Length).Select(i => i % 70), lengths);
    }

    /// <summary>As LlamaTokenizerFast does in transformers: what tokenizer_config.json says counts, and the file's own post-processor does
    /// not.</summary>
    [Theory]
    [InlineData("LlamaTokenizerFast", "\"add_bos_token\": true", "1 3")]
    [InlineData("LlamaTokenizer", "\"add_bos_token\": false, \"add_eos_token\": true", "3 2")]
    [InlineData("LlamaTokenizerFast", "\"add_eos_token\": true", "1 3 2")]
    [InlineData("LlamaTokenizerFast", "\"legacy\": true", "2 3")]
    [InlineData("PreTrainedTokenizerFast", "\"add_bos_token\": true", "2 3")]
    public void Tokenizer_config_of_Llamas_class_says_what_stands_around_a_text(string kind, string flags, string ids)
    {
        Write("post_processor",
            """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "b", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"b": {"id": "b", "ids": [2], "tokens": ["b"]}}}""");
        _folder.File("tokenizer_config.json",
            $$"""{"tokenizer_class": "{{kind}}", {{flags}}, "bos_token": {"content": "a"}, "eos_token": "b"}""");
        Assert.Equal(ids, string.Join(' ', Tokenizer.Load(_folder.Path).Encode("ab").Ids));
    }

    /// <summary>As transformers' fast tokenizers do: what the configuration adds is added to what the file has.</summary>
    [Fact]
    public void Tokenizer_config_can_bring_added_tokens_that_the_file_lacks()
    {
        Write("added_tokens", """[{"id": 4, "content": "<x>"}]""");
        _folder.File("tokenizer_config.json", """
            {"added_tokens_decoder": {"4": {"content": "<x>"}, "5": {"content": "<y>", "rstrip": true, "special": true}}}
            """);
        var tokenizer = Tokenizer.Load(_folder.Path);
        Assert.Equal([4, 5, 1], tokenizer.Encode("<x><y> a").Ids);
        Assert.Equal([5], tokenizer.SpecialIds);
    }

    [Fact]
    public void A_text_with_an_added_token_that_has_no_row_is_refused_and_other_texts_are_read()
    {
        Write("added_tokens", """[{"id": 4, "content": "[PAD]", "special": true}]""");
        var tokenizer = Tokenizer.Load(_folder.Path, rows: 4);
        Assert.Equal((5, 4), (tokenizer.VocabularySize, tokenizer.RowsNeeded));
        Assert.Equal(["[PAD]"], tokenizer.AddedBeyond(4));
        Assert.Equal([3], tokenizer.Encode("ab").Ids);
        var fault = Assert.Throws<RefusedInputException>(() => tokenizer.Encode("a[PAD]")).Faults.Single();
        Assert.Equal("the text 'a[PAD]'", fault.Path);
        Assert.Contains("'[PAD]', id 4, for which the model has no row: its embedding has 4", fault.Message);
    }

    [Theory]
    [InlineData("", "bos_token names none")]
    [InlineData(", \"bos_token\": \"<s>\"", "'<s>' is not in the vocabulary")]
    public void A_token_around_each_text_that_is_none_is_refused(string named, string message)
    {
        Write("decoder", """{"type": "Fuse"}""");
        _folder.File("tokenizer_config.json", $$"""{"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": true{{named}}}""");
        AssertRefused("tokenizer_config.json add_bos_token", message);
    }

    private void Write(params string[] stepsAndJson) =>
        _folder.File("tokenizer.json",
            $$"""{"model": {{Letters}}{{string.Concat(stepsAndJson.Chunk(2).Select(step => $", \"{step[0]}\": {step[1]}"))}}}""");

    /// <summary>The library wants every flag to be there.</summary>
    private void WriteForReference(string addedTokens)
    {
        var tokens = JsonNode.Parse(addedTokens)!.AsArray();
        foreach (var token in tokens)
            foreach (var flag in (string[])["single_word", "lstrip", "rstrip", "normalized", "special"]) token![flag] ??= false;
        _folder.File("tokenizer.json", $$"""
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": {{tokens.ToJsonString()}}, "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"}, "model": {{Letters}} }
            """);
    }

    private void AssertRefused(string path, string message)
    {
        var fault = Assert.Throws<RefusedInputException>(() => Tokenizer.Load(_folder.Path)).Faults.Single();
        Assert.StartsWith(Path.Combine(_folder.Path, path), fault.Path);
        Assert.Contains(message, fault.Message);
    }
}
