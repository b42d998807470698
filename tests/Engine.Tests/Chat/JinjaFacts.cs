using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Expressions and blocks of Jinja, as Jinja2 3.1.6 renders them in the environment that transformers gives chat templates
/// (Golden/jinja_expressions.py).</summary>
public sealed class JinjaFacts
{
    private static readonly JsonElement[] Cases =
        [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden",
            "jinja_expressions.json"))).RootElement.EnumerateArray()];

    [Fact]
    public void What_is_rendered_is_what_Jinja2_renders()
    {
        var compared = 0;
        foreach (var (template, expected) in Cases.Where(IsRendered)
            .Select(@case => (Template(@case), @case.GetProperty("text").GetString())))
        {
            Assert.Equal((template, expected), (template, Render(template)));
            compared++;
        }
        Assert.True(compared > 350, $"Only {compared} templates were compared.");
    }

    [Fact]
    public void What_Jinja2_refuses_is_refused() =>
        Assert.All(Cases.Where(@case => @case.TryGetProperty("raises", out _)), @case => Assert.Throws<RefusedInputException>(() =>
            Render(Template(@case))));

    /// <summary>What chat templates do not use is refused with its line, and never rendered as something else.</summary>
    [Fact]
    public void What_is_not_supported_is_refused() =>
        Assert.All(Cases.Where(IsNotSupported), @case => Assert.Contains("(line 1 of the template)",
            Assert.Throws<RefusedInputException>(() => Render(Template(@case))).Message));

    private static bool IsRendered(JsonElement @case) => @case.TryGetProperty("text", out _) && !IsNotSupported(@case);

    private static bool IsNotSupported(JsonElement @case) => @case.TryGetProperty("unsupported", out _);

    private static string Template(JsonElement @case) => @case.GetProperty("template").GetString()!;

    private static string Render(string template) => ChatTemplate.Of("t.jinja", template, new Dictionary<string,
        string> { ["bos_token"] = "<s>" })
        .Render(new Conversation([ChatMessage.Of("user", "Hi"), ChatMessage.Of("assistant", "Yo")]), answer: true);
}
