namespace LoraDrop.Domain;

/// <summary>The share of texts that are written exactly as one of their references, white space at the ends aside.</summary>
public static class ExactMatch
{
    /// <summary>0 to 1; NaN without segments.</summary>
    public static double Corpus(IReadOnlyCollection<Segment> segments) => segments.Count(IsMatch) / (double)segments.Count;

    public static bool IsMatch(Segment segment) => segment.References.Any(reference => reference.Trim() == segment.Hypothesis.Trim());
}
