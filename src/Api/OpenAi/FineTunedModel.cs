using System.Text;

namespace LoraDrop.Api;

/// <summary>The name of a fine-tuned model in OpenAI's format: <c>ft:&lt;base&gt;:&lt;suffix or owner&gt;:&lt;job id&gt;</c>.</summary>
internal static class FineTunedModel
{
    public const string Prefix = "ft:";

    private const int LongestSuffix = 64;

    public static string NameOf(Guid job, string model, string? suffix, string owner) =>
        $"{Prefix}{model}:{Plain(suffix ?? owner)}:{OpenAiIds.Text(job)}";

    /// <summary>The job id in a name. The caller must check that the job exists and has this name.</summary>
    public static Guid? JobOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) ? OpenAiIds.Guid(name[(name.LastIndexOf(':') + 1)..]) : null;

    /// <summary>Replaces everything that is not URL-safe with a dash.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder();
        foreach (var letter in text.ToLowerInvariant().Take(LongestSuffix))
            plain.Append(char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' ? letter : '-');
        return plain.ToString();
    }
}
