using LoraDrop.Domain.Tests;

namespace LoraDrop.Engine.Tests;

public sealed class TokenizerFacts
{
    public static readonly TheoryData<string> Published =
        ["roberta-base", "babyberta", "gpt2", "bert-base-uncased", "roberta-mini-en", "llama2", "llama3", "stories260k"];

    [Theory, MemberData(nameof(Published))]
    public void Texts_have_the_reference_ids(string name) => Check(name, (golden, tokenizer) => golden.AssertSingleTexts(tokenizer));

    [Theory, MemberData(nameof(Published))]
    public void Pairs_have_the_reference_ids_and_types(string name) => Check(name, (golden, tokenizer) => golden.AssertPairs(tokenizer));

    [Theory, MemberData(nameof(Published))]
    public void Texts_are_cut_as_the_reference_cuts_them(string name) =>
    Check(name, (golden, tokenizer) => golden.AssertTruncated(tokenizer));

    [Theory, MemberData(nameof(Published))]
    public void Ids_decode_to_the_reference_text(string name) => Check(name, (golden, tokenizer) => golden.AssertDecoded(tokenizer));

    [Theory, MemberData(nameof(Published))]
    public void Whole_columns_of_real_data_have_the_reference_ids(string name) =>
    Check(name, (golden, tokenizer) => golden.AssertDatasets(tokenizer));

    private static void Check(string name, Action<TokenizerGolden, Tokenizer> check)
    {
        var golden = new TokenizerGolden(name);
        check(golden, Tokenizer.Load(golden.TokenizerFolder));
    }

    /// <summary>A folder that holds tokenizer.model alone gives what the tokenizer.json gives that was made from it.</summary>
    [Theory]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("stories260k")]
    public void A_tokenizer_model_gives_the_reference_ids_too(string name)
    {
        var golden = new TokenizerGolden(name);
        using var folder = new TestFolder();
        File.Copy(Path.Combine(golden.TokenizerFolder, "tokenizer.model"), folder.At("tokenizer.model"));
        var tokenizer = Tokenizer.Load(folder.Path);
        golden.AssertSingleTexts(tokenizer);
        golden.AssertPairs(tokenizer);
        golden.AssertTruncated(tokenizer);
        golden.AssertDecoded(tokenizer);
        golden.AssertDatasets(tokenizer);
    }

    /// <summary>Llama 2's padding token, or the marks of a conversation, stand beside the pieces and not among them.</summary>
    [Theory]
    [InlineData("added_tokens.json", """{"<pad>": 512, "<|im_start|>": 513}""")]
    [InlineData("tokenizer_config.json",
        """{"added_tokens_decoder": {"1": {"content": "<s>", "special": true}, "512": {"content": "<pad>", "special": true}, "513": {"content": "<|im_start|>", "special": false}}}""")]
    public void Tokens_added_to_a_tokenizer_model_are_found(string file, string json)
    {
        using var folder = new TestFolder();
        File.Copy(RealData.Path("weights", "llama-stories260K", "tokenizer.model"), folder.At("tokenizer.model"));
        folder.File("special_tokens_map.json", """{"pad_token": "<pad>"}""");
        var bare = Tokenizer.Load(folder.Path);
        folder.File(file, json);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([1, 513, .. bare.Encode("Once").Ids[1..], 512], tokenizer.Encode("<|im_start|>Once<pad>").Ids);
        Assert.Equal((512, 514), (tokenizer.PadId, tokenizer.VocabularySize));
        Assert.Equal("<|im_start|> Once", tokenizer.Decode([513, .. bare.Encode("Once").Ids, 512]));
        Assert.Equal(bare.Encode("There was a dog. <s>").Ids, tokenizer.Encode("There was a dog. <s>").Ids);
    }

    [Theory]
    [InlineData("added_tokens.json", """{"<pad>": -1}""", "added_tokens.json <pad>: an id is a whole number from 0; got -1")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"x": {"content": "<pad>"}}}""",
        "tokenizer_config.json added_tokens_decoder.x: an id is a whole number from 0; got x")]
    public void An_added_token_without_an_id_is_refused(string file, string json, string why)
    {
        using var folder = new TestFolder();
        File.Copy(RealData.Path("weights", "llama-stories260K", "tokenizer.model"), folder.At("tokenizer.model"));
        folder.File(file, json);
        Assert.Contains(why, Assert.Throws<Domain.RefusedInputException>(() => Tokenizer.Load(folder.Path)).Message);
    }

    [Fact]
    public void A_word_of_100_000_letters_is_no_trap()
    {
        var tokenizer = Tokenizer.Load(RealData.Path("tokenizers", "llama2"));
        foreach (var word in (string[])[new('a', 100_000), string.Concat(Enumerable.Repeat("abcde", 20_000)), new('=', 100_000)])
            Assert.InRange(ThreadTime.Of(() => Assert.Equal(word, tokenizer.Decode(tokenizer.Encode(word).Ids))).TotalSeconds, 0, 20);
    }

    [Theory]
    [InlineData(new byte[] { 0x0A, 0x05, 0x0A, 0x01 },
        "is no SentencePiece model, or damaged: a field at byte 2 needs 5 bytes, and 2 are left")]
    [InlineData(new byte[] { }, "it holds no pieces")]
    [InlineData(new byte[] { 0x0A, 0x02, 0x15, 0x01 }, "needs 4 bytes, and 1 are left")]
    [InlineData(new byte[] { 0xFF, 0xFF }, "it ends within a number")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0x61, 0x12, 0x02, 0x18, 0x03 }, "of the kind word; unigram and BPE are supported")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0x61, 0x12, 0x02, 0x18, 0x01 }, "has no piece for what is unknown")]
    public void A_damaged_tokenizer_model_is_refused_by_its_place(byte[] bytes, string why)
    {
        using var folder = new TestFolder();
        File.WriteAllBytes(folder.At("tokenizer.model"), bytes);
        Assert.Contains(why, Assert.Throws<Domain.RefusedInputException>(() => Tokenizer.Load(folder.Path)).Message);
    }

    [Fact]
    public void A_tokenizer_model_that_is_cut_anywhere_is_refused_or_read_and_never_anything_else()
    {
        var whole = File.ReadAllBytes(RealData.Path("weights", "llama-stories260K", "tokenizer.model"));
        using var folder = new TestFolder();
        for (var length = 0; length < whole.Length; length += 37)
        {
            File.WriteAllBytes(folder.At("tokenizer.model"), whole[..length]);
            try
            {
                Tokenizer.Load(folder.Path);
            }
            catch (Domain.RefusedInputException)
            {
                // as it should be
            }
        }
    }

    [Theory]
    [InlineData("always", "_Hi|<s>|_you")]
    [InlineData("first", "_Hi|<s>|you")]
    [InlineData("never", "Hi|<s>|you")]
    public void A_blank_is_put_before_texts_as_Metaspace_says(string scheme, string expected)
    {
        using var folder = new TestFolder();
        folder.File("tokenizer.json", $$$"""
            {"added_tokens": [{"id": 0, "content": "<s>", "special": true, "normalized": false}], "pre_tokenizer": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "{{{scheme}}}", "split": false},
             "decoder": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "{{{scheme}}}"},
             "model": {"type": "BPE", "vocab": {"<s>": 0, "_": 1, "H": 2, "i": 3, "y": 4, "o": 5, "u": 6, "Hi": 7, "_Hi": 8, "yo": 9, "you": 10, "_you": 11},
              "merges": ["H i", "_ Hi", "y o", "yo u", "_ you"]}}
            """);
        var tokenizer = Tokenizer.Load(folder.Path);
        var ids = tokenizer.Encode("Hi<s>you").Ids;
        string[] tokens = ["<s>", "_", "H", "i", "y", "o", "u", "Hi", "_Hi", "yo", "you", "_you"];
        Assert.Equal(expected, string.Join('|', ids.Select(id => tokens[id])));
    }
}
