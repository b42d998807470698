namespace LoraDrop.Engine.Tests;

public sealed class BpeTrainerFacts : IDisposable
{
    private static readonly string[] Sentences =
    [
        "the cat sat on the mat", "the dog sat on the log", "a cat and a dog", "the cats chased the rats around the mat",
        "naïve café 😀 isn't it? 123 123", "that is that, and this is this",
    ];

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_commonest_pair_is_merged_first_and_ties_go_by_the_alphabet()
    {
        BpeTrainer.Train(["hug pug hugs pugs"], 300).Save(_folder.Path);
        // "u g" occurs four times; of "h ug", "p ug", "ug s" and "Ġ p", twice each, h comes first; then nothing but "Ġ pug" is left twice.
        Assert.Equal(["#version: 0.2", "u g", "h ug", "p ug", "Ġ pug"], File.ReadAllLines(Path.Combine(_folder.Path, "merges.txt")));
    }

    [Fact]
    public void Special_tokens_stand_as_in_roberta_and_the_mask_is_last()
    {
        var vocabulary = BpeTrainer.Train(Sentences, 280);
        vocabulary.Save(_folder.Path);
        var tokenizer = Tokenizer.Load(_folder.Path);

        Assert.Equal(280, vocabulary.Size);
        Assert.Equal(280, tokenizer.VocabularySize);
        Assert.Equal((1, 279, 3, 2), (tokenizer.PadId, tokenizer.MaskId, tokenizer.UnknownId, tokenizer.EndId));
        Assert.Equal([0, 279, 2, 2, 2], tokenizer.Encode(" <mask>", "").Ids);
    }

    [Fact]
    public void Any_text_comes_back_as_it_was()
    {
        BpeTrainer.Train(Sentences, 300).Save(_folder.Path);
        var tokenizer = Tokenizer.Load(_folder.Path);
        foreach (var text in (string[])[.. Sentences, "", "  two  blanks\n", "한국어 汉字 \u0000 👩‍👩‍👧‍👦"])
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text).Ids));
        }
    }

    [Fact]
    public void The_layout_without_tokenizer_json_gives_the_same_ids()
    {
        BpeTrainer.Train(Sentences, 300).Save(_folder.Path);
        var whole = Tokenizer.Load(_folder.Path);
        File.Delete(Path.Combine(_folder.Path, "tokenizer.json"));
        var older = Tokenizer.Load(_folder.Path);
        foreach (var text in Sentences) Assert.Equal(whole.Encode(text, "a <mask>").Ids, older.Encode(text, "a <mask>").Ids);
    }

    [Fact]
    public void The_same_texts_in_another_order_give_the_same_files()
    {
        using var other = new TestFolder();
        BpeTrainer.Train(Sentences, 300).Save(_folder.Path);
        BpeTrainer.Train(Sentences.Reverse(), 300).Save(other.Path);
        foreach (var file in Directory.GetFiles(_folder.Path))
        {
            Assert.Equal(File.ReadAllText(file), File.ReadAllText(Path.Combine(other.Path, Path.GetFileName(file))));
        }
    }

    [Fact]
    public void Without_pairs_that_occur_twice_the_vocabulary_stays_smaller() =>
        Assert.Equal(BpeTrainer.SmallestVocabulary, BpeTrainer.Train(["abc"], 1_000).Size);

    [Fact]
    public void A_vocabulary_without_room_for_all_bytes_is_out_of_range() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BpeTrainer.Train(Sentences, BpeTrainer.SmallestVocabulary - 1));
}
