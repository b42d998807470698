namespace LoraDrop.Engine.Tests;

public sealed class UnicodeDecompositionFacts
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("é", "e\u0301")]
    [InlineData("Å", "A\u030A")] // ångström sign: first to Å, then to its parts
    [InlineData("ǖ", "u\u0308\u0304")]
    [InlineData("한국", "\u1112\u1161\u11AB\u1100\u116E\u11A8")]
    [InlineData("가", "\u1100\u1161")]
    [InlineData("ﬁ²", "ﬁ²")] // compatibility decompositions are not canonical
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    public void A_text_is_decomposed_canonically(string text, string decomposed) =>
        Assert.Equal(decomposed, UnicodeDecomposition.Decompose(text));

    [Fact]
    public void Marks_are_put_into_canonical_order_and_marks_of_one_class_keep_theirs() =>
        Assert.Equal("a\u0323\u0307\u0301b\u0301\u0307", UnicodeDecomposition.Decompose("a\u0307\u0323\u0301b\u0301\u0307"));
}
