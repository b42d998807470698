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
    public void Texts_are_cut_as_the_reference_cuts_them(string name) => Check(name, (golden, tokenizer) => golden.AssertTruncated(tokenizer));

    [Theory, MemberData(nameof(Published))]
    public void Ids_decode_to_the_reference_text(string name) => Check(name, (golden, tokenizer) => golden.AssertDecoded(tokenizer));

    [Theory, MemberData(nameof(Published))]
    public void Whole_columns_of_real_data_have_the_reference_ids(string name) => Check(name, (golden, tokenizer) => golden.AssertDatasets(tokenizer));

    private static void Check(string name, Action<TokenizerGolden, Tokenizer> check)
    {
        var golden = new TokenizerGolden(name);
        check(golden, Tokenizer.Load(golden.TokenizerFolder));
    }
}
