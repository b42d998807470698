namespace LoraDrop.Domain;

/// <summary>The fraction of texts that equal one of their references, ignoring leading and trailing white space.</summary>
public static class ExactMatch
{
    /// <summary>0 to 1; NaN without segments.</summary>
    public static double Corpus(IReadOnlyCollection<Segment> segments) => segments.Count(IsMatch) / (double)segments.Count;

    public static bool IsMatch(Segment segment) => segment.References.Any(reference => reference.Trim() == segment.Hypothesis.Trim());
}
