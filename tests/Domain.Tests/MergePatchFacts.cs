using System.Text.Json.Nodes;

namespace LoraDrop.Domain.Tests;

public sealed class MergePatchFacts
{
    [Theory]   // RFC 7396, appendix A: the cases in which both are objects
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void It_does_what_the_standard_says(string document, string patch, string expected) =>
    Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), JsonNode.Parse(MergePatch.Apply(document, patch))!.ToJsonString());

    [Theory]
    [InlineData("[1]", "line 1 column 1")]
    [InlineData("{", "line 1 column 2")]
    [InlineData("""{"a":1,"a":2}""", "a")]
    [InlineData("""{"a":{"b":1,"b":2}}""", "a.b")]
    [InlineData("""{"\ud800":1}""", "?")]
    public void A_patch_that_says_nothing_certain_is_refused(string patch, string path) =>
    Assert.Equal(path, Assert.Single(Assert.Throws<RefusedInputException>(() => MergePatch.Apply("{}", patch)).Faults).Path);
}
