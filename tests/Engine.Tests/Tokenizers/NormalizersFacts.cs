namespace LoraDrop.Engine.Tests;

public sealed class NormalizersFacts
{
    private static readonly BertNormalizer Uncased = new(CleanText: true, HandleChineseChars: true, StripAccents: true, Lowercase: true);

    [Theory]
    [InlineData("ÀÉ ẞ Σας", "àé ß σας")]
    [InlineData("İ", "i\u0307")]
    [InlineData("𐐀", "𐐨")]
    public void Lower_case_goes_code_point_by_code_point(string text, string lower) => Assert.Equal(lower, Normalizers.Lowercase(text));

    [Theory]
    [InlineData("Café nai\u0308ve Ångström", "cafe naive angstrom")]
    [InlineData("a\u0000b\u200Bc\uFFFDd\u0007", "abcd")]
    [InlineData("a\tb\u00A0c\u3000d", "a b c d")]
    [InlineData("x汉字", "x 汉  字 ")]
    public void Bert_cleans_a_text(string text, string clean) => Assert.Equal(clean, Uncased.Normalize(text));

    [Fact]
    public void Cased_bert_keeps_case_and_accents() =>
        Assert.Equal("Été", (Uncased with { StripAccents = false, Lowercase = false }).Normalize("Été"));
}
