using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>The layouts without tokenizer.json: vocab.json and merges.txt, or vocab.txt.</summary>
public sealed class VocabularyFilesFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("roberta-base", "vocab.json", "merges.txt")]
    [InlineData("roberta-mini-en", "vocab.json", "merges.txt")]
    [InlineData("gpt2", "encoder.json", "vocab.bpe")]
    public void Vocab_json_and_merges_txt_give_the_ids_of_tokenizer_json(string name, string vocabulary, string merges)
    {
        var golden = new TokenizerGolden(name);
        _folder.Copy(Path.Combine(golden.TokenizerFolder, vocabulary), "vocab.json");
        _folder.Copy(Path.Combine(golden.TokenizerFolder, merges), "merges.txt");
        AssertAll(golden, Tokenizer.Load(_folder.Path));
    }

    [Fact]
    public void Vocab_txt_gives_the_ids_of_tokenizer_json()
    {
        var golden = new TokenizerGolden("bert-base-uncased");
        _folder.Copy(Path.Combine(golden.TokenizerFolder, "vocab.txt"), "vocab.txt");
        AssertAll(golden, Tokenizer.Load(_folder.Path));
    }

    [Fact]
    public void Tokenizer_config_says_whether_bert_lower_cases()
    {
        _folder.File("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nÉté\nete\n");
        _folder.File("tokenizer_config.json", """{"do_lower_case": false}""");
        Assert.Equal([2, 5, 3], Tokenizer.Load(_folder.Path).Encode("Été").Ids);

        _folder.File("tokenizer_config.json", """{"do_lower_case": true}""");
        Assert.Equal([2, 6, 3], Tokenizer.Load(_folder.Path).Encode("Été").Ids);
    }

    [Fact]
    public void Tokenizer_config_says_whether_a_blank_is_put_in_front()
    {
        _folder.File("vocab.json", """{"<|endoftext|>": 0, "a": 1, "Ġ": 2}""");
        _folder.File("merges.txt", "#version: 0.2\n");
        _folder.File("tokenizer_config.json", """{"add_prefix_space": true}""");
        Assert.Equal([2, 1], Tokenizer.Load(_folder.Path).Encode("a").Ids);
    }

    [Fact]
    public void Vocabularies_of_Qwen_need_the_pattern_of_a_tokenizer_json()
    {
        _folder.File("vocab.json", """{"<|endoftext|>": 0, "a": 1}""");
        _folder.File("merges.txt", "#version: 0.2\n");
        _folder.File("tokenizer_config.json", """{"tokenizer_class": "Qwen2Tokenizer"}""");
        var fault = Assert.Throws<RefusedInputException>(() => Tokenizer.Load(_folder.Path)).Faults.Single();
        Assert.EndsWith("tokenizer_config.json tokenizer_class", fault.Path);
        Assert.Contains("save the tokenizer as tokenizer.json", fault.Message);
    }

    [Fact]
    public void Special_tokens_map_names_the_special_tokens()
    {
        _folder.File("vocab.json", """{"[BOS]": 0, "[EOS]": 1, "<pad>": 2, "<unk>": 3, "<mask>": 4, "a": 5, "Ġ": 6}""");
        _folder.File("merges.txt", "#version: 0.2\n");
        _folder.File("special_tokens_map.json",
            """{"bos_token": "[BOS]", "cls_token": "[BOS]", "eos_token": {"content": "[EOS]", "lstrip": true}}""");

        var tokenizer = Tokenizer.Load(_folder.Path);

        Assert.Equal([0, 5, 1, 5, 1], tokenizer.Encode("a [EOS]a").Ids);
        Assert.Equal(1, tokenizer.EndId);
    }

    [Fact]
    public void A_vocabulary_without_merges_is_refused()
    {
        _folder.File("vocab.json", """{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4}""");
        Assert.Contains("merges.txt", Refusal());
    }

    [Fact]
    public void A_merge_of_unknown_tokens_is_refused()
    {
        _folder.File("vocab.json", """{"<|endoftext|>": 0, "a": 1, "b": 2}""");
        _folder.File("merges.txt", "#version: 0.2\na b\n");
        Assert.Contains("'ab' is not in vocab.json", Refusal());
    }

    [Fact]
    public void A_damaged_line_of_merges_is_named()
    {
        _folder.File("vocab.json", """{"<|endoftext|>": 0, "a": 1, "b": 2}""");
        _folder.File("merges.txt", "#version: 0.2\nab\n");
        Assert.Contains("merges.txt line 2", Refusal());
    }

    [Fact]
    public void A_vocabulary_without_its_special_tokens_is_refused()
    {
        _folder.File("vocab.txt", "[PAD]\n[CLS]\n[SEP]\n[MASK]\nword\n");
        Assert.Contains("'[UNK]'", Refusal());
    }

    private string Refusal() => Assert.Throws<RefusedInputException>(() => Tokenizer.Load(_folder.Path)).Message;

    private static void AssertAll(TokenizerGolden golden, Tokenizer tokenizer)
    {
        golden.AssertSingleTexts(tokenizer);
        golden.AssertPairs(tokenizer);
        golden.AssertTruncated(tokenizer);
        golden.AssertDecoded(tokenizer);
    }
}
