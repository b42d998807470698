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
    [InlineData("""{"model": {"type": "Unigram"}}""", "tokenizer.json model.type", "'Unigram'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}""", "tokenizer.json model.merges", "'b'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}""", "tokenizer.json model.merges[0]", "two tokens")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": "x"}, "merges": []}}""", "tokenizer.json model.vocab.a", "whole number")]
    [InlineData("""{"model": {"type": "BPE", "dropout": 0.1, "vocab": {"a": 0}, "merges": []}}""", "tokenizer.json model.dropout", "")]
    [InlineData("""{"model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"a": 0}}}""", "tokenizer.json model.unk_token", "vocabulary")]
    public void What_a_model_lacks_is_refused_by_file_and_field(string json, string path, string message)
    {
        _folder.File("tokenizer.json", json);
        AssertRefused(path, message);
    }

    [Theory]
    [InlineData("normalizer", """{"type": "Precompiled"}""", "normalizer.type")]
    [InlineData("normalizer", """{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "NFKC"}]}""", "normalizer.normalizers[1].type")]
    [InlineData("normalizer", """{"type": "Replace", "pattern": {"Regex": " +"}, "content": ""}""", "normalizer.pattern.String")]
    [InlineData("pre_tokenizer", """{"type": "UnicodeScripts"}""", "pre_tokenizer.type")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}""", "pre_tokenizer.pattern.Regex")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Removed"}""", "pre_tokenizer.behavior")]
    [InlineData("post_processor", """{"type": "Other"}""", "post_processor.type")]
    [InlineData("decoder", """{"type": "CTC"}""", "decoder.type")]
    [InlineData("added_tokens", """[{"id": 0, "content": "x", "single_word": true}]""", "added_tokens[0].single_word")]
    public void A_step_that_is_not_known_is_refused_by_file_and_field(string step, string json, string path)
    {
        Write(step, json);
        AssertRefused($"tokenizer.json {path}", "");
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

    /// <summary>As LlamaTokenizerFast does in transformers: what tokenizer_config.json says counts, and the file's own post-processor does not.</summary>
    [Theory]
    [InlineData("LlamaTokenizerFast", "\"add_bos_token\": true", "1 3")]
    [InlineData("LlamaTokenizer", "\"add_bos_token\": false, \"add_eos_token\": true", "3 2")]
    [InlineData("LlamaTokenizerFast", "\"add_eos_token\": true", "1 3 2")]
    [InlineData("LlamaTokenizerFast", "\"legacy\": true", "2 3")]
    [InlineData("PreTrainedTokenizerFast", "\"add_bos_token\": true", "2 3")]
    public void Tokenizer_config_of_Llamas_class_says_what_stands_around_a_text(string kind, string flags, string ids)
    {
        Write("post_processor", """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "b", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"b": {"id": "b", "ids": [2], "tokens": ["b"]}}}""");
        _folder.File("tokenizer_config.json", $$"""{"tokenizer_class": "{{kind}}", {{flags}}, "bos_token": {"content": "a"}, "eos_token": "b"}""");
        Assert.Equal(ids, string.Join(' ', Tokenizer.Load(_folder.Path).Encode("ab").Ids));
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
        _folder.File("tokenizer.json", $$"""{"model": {{Letters}}{{string.Concat(stepsAndJson.Chunk(2).Select(step => $", \"{step[0]}\": {step[1]}"))}}}""");

    private void AssertRefused(string path, string message)
    {
        var fault = Assert.Throws<RefusedInputException>(() => Tokenizer.Load(_folder.Path)).Faults.Single();
        Assert.StartsWith(Path.Combine(_folder.Path, path), fault.Path);
        Assert.Contains(message, fault.Message);
    }
}
