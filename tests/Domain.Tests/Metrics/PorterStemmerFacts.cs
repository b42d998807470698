namespace LoraDrop.Domain.Tests;

/// <summary>Porter's own examples and NLTK's departures from them; whole texts are compared in <see cref="RougeFacts"/>.</summary>
public sealed class PorterStemmerFacts
{
    [Theory]
    [InlineData("caresses", "caress"), InlineData("ponies", "poni"), InlineData("agreed", "agre"), InlineData("plastered", "plaster")]
    [InlineData("conflated", "conflat"), InlineData("hopping", "hop"), InlineData("falling", "fall"), InlineData("filing", "file")]
    [InlineData("happy", "happi"), InlineData("relational", "relat"), InlineData("vietnamization", "vietnam"),
        InlineData("hopefulness", "hope")]
    [InlineData("electriciti", "electr"), InlineData("replacement", "replac"), InlineData("adoption", "adopt"),
        InlineData("controlling", "control")]
    public void Suffixes_are_stripped_as_in_the_paper(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));

    [Theory]
    [InlineData("dies", "die"), InlineData("flies", "fli"), InlineData("died", "die"), InlineData("spied", "spi"),
        InlineData("enjoy", "enjoy")]
    [InlineData("skies", "sky"), InlineData("dying", "die"), InlineData("news", "news"), InlineData("geology", "geolog"),
        InlineData("is", "is")]
    public void NLTK_departs_from_it_for_short_and_irregular_words(string word, string stem) =>
    Assert.Equal(stem, PorterStemmer.Stem(word));

    [Fact]
    public void A_long_run_of_ys_is_stemmed_at_once() => Assert.Equal(100_000, PorterStemmer.Stem(new string('y', 100_000)).Length);
}
