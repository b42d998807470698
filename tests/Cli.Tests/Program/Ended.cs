using System.Text.Json;

namespace LoraDrop.Cli.Tests;

/// <summary>How the program ended, and all that it wrote.</summary>
internal sealed record Ended(int Code, string Output, string Error)
{
    /// <summary>Standard output as --json writes it; a line that is no JSON fails the test.</summary>
    public JsonElement[] Events =>
        [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>Ended well, or the test says what was complained about.</summary>
    public Ended Well()
    {
        Assert.True(Code == ExitCode.Done, $"exit code {Code}: {Error}");
        Assert.Equal("", Error);
        return this;
    }

    /// <summary>Ended with this code and a message for people that holds all of these, the same as the last line for scripts.</summary>
    public void Complained(int code, params string[] about)
    {
        Assert.True(Code == code, $"exit code {Code} instead of {code}: {Error}");
        Assert.All(about, words => Assert.Contains(words, Error, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", Error + Output, StringComparison.Ordinal);
        var last = Events[^1];
        Assert.Equal("failed", last.GetProperty("event").GetString());
        Assert.Equal(Error.TrimEnd(), string.Join('\n',
            last.GetProperty("faults").EnumerateArray().Select(f => $"{f.GetProperty("path")}: {f.GetProperty("message")}")));
    }
}
