namespace LoraDrop.Domain.Tests;

public sealed class ClassNamesFacts
{
    [Theory]
    [InlineData("1", "1")]
    [InlineData("1.0", "1")]
    [InlineData("01", "1")]
    [InlineData("+1e0", "1")]
    [InlineData("-0.0", "0")]
    [InlineData("0.50", "0.5")]
    [InlineData(".5", "0.5")]
    [InlineData("-12.340", "-12.34")]
    [InlineData("1e3", "1000")]
    [InlineData("1.5e-3", "0.0015")]
    [InlineData("100", "100")]
    [InlineData(" 7 ", "7")]
    [InlineData("12345678901234567890", "12345678901234567890")]
    [InlineData("12345678901234567891.0", "12345678901234567891")]
    [InlineData("1e40", "1E40")]
    [InlineData("12e40", "1.2E41")]
    [InlineData("1e-30", "1E-30")]
    [InlineData("1e999", null)]
    [InlineData("one", null)]
    [InlineData("NaN", null)]
    [InlineData("1,5", null)]
    [InlineData("", null)]
    public void A_number_has_one_shortest_spelling(string text, string? shortest) => Assert.Equal(shortest, NumberText.Shortest(text));

    [Theory]
    [InlineData(new[] { "10", "9.0", "9", "-1" }, new[] { "-1", "9", "10" })]
    [InlineData(new[] { "TRUE", "False", "true" }, new[] { "false", "true" })]
    [InlineData(new[] { "True", "False", "unknown" }, new[] { "False", "True", "unknown" })]
    [InlineData(new[] { "b", "1.0", "a" }, new[] { "1", "a", "b" })]
    // a double cannot tell them apart
    [InlineData(new[] { "12345678901234567890", "12345678901234567891" }, new[] { "12345678901234567890", "12345678901234567891" })]
    public void Classes_are_named_by_value(string[] labels, string[] classes) => Assert.Equal(classes, ClassNames.Infer(labels));

    [Theory]
    [InlineData(new[] { "1", "2" }, "1.0", 0)]
    [InlineData(new[] { "1.0", "2.0" }, "2", 1)]
    [InlineData(new[] { "1", "2" }, "0", null)]        // a place would be a guess: 1 is a name
    [InlineData(new[] { "a", "1" }, "0", null)]
    [InlineData(new[] { "bad", "good" }, "1.0", 1)]
    [InlineData(new[] { "bad", "good" }, "2", null)]
    [InlineData(new[] { "bad", "good" }, "Good", null)]
    [InlineData(new[] { "False", "True" }, "true", 1)]
    [InlineData(new[] { "true", "false" }, "TRUE", 0)]
    [InlineData(new[] { "false", "true" }, "1", 1)]
    public void A_label_is_found_by_value(string[] names, string label, int? found) => Assert.Equal(found, new ClassIndex(names).Of(label));

    [Fact]
    public void Names_of_one_value_are_one_class_too_many() => Assert.Equal("task.labels: must not contain duplicates",
        Assert.Single(new TaskSettings { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new("a", null, "b"),
        Labels = ["1", "1.0", "2"] }.Faults("task")).ToString());

    [Theory]
    [InlineData("good", "good ", "\"good\" and \"good \" differ only in spelling and are 2 labels")]
    [InlineData("1", "1.0", "\"1\" and \"1.0\" are one label, 1")]
    [InlineData("True", "TRUE", "\"TRUE\" and \"True\" are one label, true")]
    public void Spellings_are_remarked(string one, string other, string remark) =>
    Assert.Equal([remark], ClassNames.SpellingRemarks([one, other, one]));

    [Fact]
    public void True_among_other_texts_is_a_text() =>
    Assert.Equal(["\"TRUE\" and \"True\" differ only in spelling and are 2 labels"], ClassNames.SpellingRemarks(["True", "TRUE", "maybe"]));
}
