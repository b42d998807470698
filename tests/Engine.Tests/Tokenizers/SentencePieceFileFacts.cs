using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>SentencePiece's models without a tokenizer.json, as the tokenizer classes of transformers read them.</summary>
public sealed class SentencePieceFileFacts : IDisposable
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizers");
    private static readonly JsonNode Golden = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "unigram.json")))!;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sentencepiece.bpe.model", "XLMRobertaTokenizer", "{}", "xlm-roberta")]
    [InlineData("sentencepiece.bpe.model", "XLMRobertaTokenizer", """{"tokenizer_class": "XLMRobertaTokenizerFast"}""", "roberta")]
    [InlineData("sentencepiece.bpe.model", "CamembertTokenizer", "{}", "camembert")]
    [InlineData("tokenizer.model", "CamembertTokenizer", """{"tokenizer_class": "CamembertTokenizer"}""", "xlm-roberta")]
    [InlineData("spiece.model", "AlbertTokenizer", """{"pad_token": "[PAD]"}""", "albert")]
    [InlineData("spm.model", "DebertaV2Tokenizer", """{"unk_token": "<unk>"}""", "deberta-v2")]
    public void A_unigram_model_gives_the_ids_of_its_class(string file, string kind, string config, string modelType)
    {
        _folder.Copy(Path.Combine(Folder, "unigram.model"), file);
        _folder.File("tokenizer_config.json", config);
        _folder.File("config.json", $$"""{"model_type": "{{modelType}}"}""");
        var tokenizer = Tokenizer.Load(_folder.Path);

        foreach (var row in Golden[kind]!["single"]!.AsArray())
        {
            var (text, ids) = ((string)row!["text"]!, (string)row["ids"]!);
            Assert.Equal((text, ids), (text, string.Join(' ', tokenizer.Encode(text).Ids)));
            Assert.Equal((string)row["decoded"]!, tokenizer.Decode(ids.Split(' ').Select(int.Parse)));
        }
        foreach (var row in Golden[kind]!["pairs"]!.AsArray())
        {
            var pair = tokenizer.Encode((string)row!["a"]!, (string)row["b"]!);
            Assert.Equal(((string)row["ids"]!, (string)row["types"]!), (string.Join(' ', pair.Ids), string.Join(' ', pair.TypeIds)));
        }
    }

    [Theory]
    [InlineData("{}", "{}", "unigram.model", "a tokenizer_class in tokenizer_config.json")]
    [InlineData("{}", """{"model_type": "t5"}""", "unigram.model", "a tokenizer_class in tokenizer_config.json")]
    [InlineData("""{"tokenizer_class": "T5Tokenizer"}""", "{}", "tokenizer_config.json tokenizer_class", "'T5Tokenizer'")]
    public void A_unigram_model_whose_class_is_not_known_is_refused(string config, string model, string path, string message)
    {
        _folder.Copy(Path.Combine(Folder, "unigram.model"), "spiece.model");
        _folder.File("tokenizer_config.json", config);
        _folder.File("config.json", model);
        var fault = Refused();
        Assert.EndsWith(path.Replace("unigram.model", "spiece.model"), fault.Path);
        Assert.Contains(message, fault.Message);
    }

    [Fact]
    public void A_mask_that_the_folder_places_elsewhere_has_that_id()
    {
        _folder.Copy(Path.Combine(Folder, "unigram.model"), "spm.model");
        _folder.File("tokenizer_config.json", """
            {"unk_token": "<unk>", "added_tokens_decoder": {"700": {"content": "[MASK]", "lstrip": true, "special": true}}}
            """);
        _folder.File("config.json", """{"model_type": "deberta-v2"}""");
        var tokenizer = Tokenizer.Load(_folder.Path);
        Assert.Equal(700, tokenizer.MaskId);
        Assert.Contains(700, tokenizer.Encode("a [MASK]").Ids);
    }

    [Fact]
    public void A_part_that_the_model_lacks_is_refused()
    {
        _folder.Copy(Path.Combine(Folder, "unigram.model"), "spm.model");
        _folder.File("config.json", """{"model_type": "deberta-v2"}""");
        Assert.Contains("lacks the unk_token '[UNK]'", Refused().Message);
    }

    /// <summary>Nothing says that ids are moved, so they are the file's, with Llama's first token.</summary>
    [Fact]
    public void A_unigram_tokenizer_model_of_Llama_is_taken_as_it_is()
    {
        _folder.Copy(Path.Combine(Folder, "unigram.model"), "tokenizer.model");
        var tokenizer = Tokenizer.Load(_folder.Path);
        const string text = "The ﬁne cafe\u0301, été!";
        var golden = Golden["XLMRobertaTokenizer"]!["single"]!.AsArray().Single(row => (string)row!["text"]! == text)!;
        int[] moved = [.. ((string)golden["ids"]!).Split(' ').Select(int.Parse)];
        Assert.Equal([1, .. moved[1..^1].Select(id => id == 3 ? 0 : id - 1)], tokenizer.Encode(text).Ids);
    }

    [Fact]
    public void A_model_that_is_cut_anywhere_is_refused_or_read_and_never_anything_else()
    {
        var whole = File.ReadAllBytes(Path.Combine(Folder, "unigram.model"));
        _folder.File("config.json", """{"model_type": "xlm-roberta"}""");
        var read = 0;
        for (var length = 0; length <= whole.Length; length += 5)
        {
            File.WriteAllBytes(_folder.At("sentencepiece.bpe.model"), whole[..length]);
            try
            {
                Tokenizer.Load(_folder.Path).Encode("ﬁne café");
                read++;
            }
            catch (RefusedInputException)
            {
                // as it should be
            }
        }
        Assert.InRange(read, 1, whole.Length / 5);
    }

    private Fault Refused() => Assert.Throws<RefusedInputException>(() => Tokenizer.Load(_folder.Path)).Faults.Single();
}
