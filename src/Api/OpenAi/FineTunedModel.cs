using System.Text;

namespace LoraDrop.Api;

/// <summary>The name of what a job made, as OpenAI names it: <c>ft:&lt;base&gt;:&lt;suffix, else owner&gt;:&lt;id&gt;</c>. The id at its end is the job's.</summary>
internal static class FineTunedModel
{
    public const string Prefix = "ft:";

    private const int LongestSuffix = 64;

    public static string NameOf(Guid job, string model, string? suffix, string owner) => $"{Prefix}{model}:{Plain(suffix ?? owner)}:{OpenAiIds.Text(job)}";

    /// <summary>The job that a name speaks of; whether it is really its name is known when the job is.</summary>
    public static Guid? JobOf(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) ? OpenAiIds.Guid(name[(name.LastIndexOf(':') + 1)..]) : null;

    /// <summary>Letters, digits and what an address takes; everything else is a dash.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder();
        foreach (var letter in text.ToLowerInvariant().Take(LongestSuffix)) plain.Append(char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' ? letter : '-');
        return plain.ToString();
    }
}
