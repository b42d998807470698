namespace LoraDrop.Engine.Tests;

/// <summary>Text that is told while it is generated.</summary>
public sealed class GrowingTextFacts
{
    [Theory]
    [InlineData("the film was lovely", new string[0])]
    [InlineData("the film was lovely", new[] { "wasp" })]
    [InlineData("the film was lovely", new[] { " lov", "zzz" })]
    [InlineData("naïve 日本 🙂 end", new string[0])]
    public void Pieces_make_up_the_answer_without_halves_of_characters_or_of_stop_texts(string text, string[] stops)
    {
        using var task = new TinyTask();
        var tokenizer = Tokenizer.Load(task.Model, 300);
        var growing = new GrowingText(tokenizer, stops);
        var at = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
        var (answer, told) = (text[..at], "");
        foreach (var token in tokenizer.EncodeBare(text))
        {
            told += growing.Add(token);
            Assert.StartsWith(told, answer);
        }
        Assert.Equal(answer, told + growing.End(answer));
    }
}
