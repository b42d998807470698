using System.Text.RegularExpressions;

namespace LoraDrop.Domain;

/// <summary>
/// Translation edit rate (Snover et al. 2006), equal to sacreBLEU 2.6.0: insertions, deletions, substitutions and shifts of runs of words that turn the
/// hypothesis into a reference, in percent of the references' mean length.
/// </summary>
/// <param name="Normalized">Whether punctuation is set apart first, as Tercom does; off by default.</param>
/// <param name="WithoutPunctuation">Whether punctuation is dropped; off by default.</param>
/// <param name="CaseSensitive">Whether case counts; it does not by default.</param>
public sealed partial record Ter(bool Normalized = false, bool WithoutPunctuation = false, bool CaseSensitive = false)
{
    /// <summary>The rate over all segments, each with the reference that needs the fewest edits; 0 and up, lower is better, and 100 is no bound.</summary>
    public double Corpus(IEnumerable<Segment> segments)
    {
        double edits = 0, length = 0;
        foreach (var segment in segments)
        {
            var hypothesis = Tokens(segment.Hypothesis);
            var references = segment.References.Select(Tokens).ToList();
            edits += references.Min(reference => ShiftedEdits.Between(hypothesis, reference));
            length += references.Average(reference => reference.Count);
        }
        return length > 0 ? 100 * edits / length : edits > 0 ? 100 : 0;
    }

    private List<string> Tokens(string text)
    {
        text = Words.TrimEnd(text);
        if (!CaseSensitive) text = Words.Lower(text);
        if (Normalized) text = Normal(text);
        if (WithoutPunctuation) text = Marks().Replace(text, "");
        return Words.Split(text);
    }

    private static string Normal(string text)
    {
        text = Domain.Tokens.WithoutEntities(text.Replace("\n-", "").Replace('\n', ' '));
        return Domain.Tokens.Western(" " + text + " ", possessives: true);
    }

    [GeneratedRegex("""[.,?:;!"()]""")]
    private static partial Regex Marks();
}
