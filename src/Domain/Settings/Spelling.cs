namespace LoraDrop.Domain;

/// <summary>Suggests a name for a misspelt one.</summary>
internal static class Spelling
{
    /// <summary><c>; did you mean threshold?</c>, or empty if no known name is within two letters (case, <c>_</c> and <c>-</c>
    /// aside).</summary>
    public static string Hint(string written, IEnumerable<string> known)
    {
        var nearest = known.Select(name => (name, edits: Edits(Plain(written), Plain(name)))).OrderBy(n => n.edits).FirstOrDefault();
        return nearest.name is not null && nearest.edits <= Math.Min(2, written.Length / 2) ? $"; did you mean {nearest.name}?" : "";
    }

    private static string Plain(string name) => name.Replace("_", "").Replace("-", "").ToLowerInvariant();

    /// <summary>Levenshtein's distance, one row of its table at a time.</summary>
    private static int Edits(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[^1];
    }
}
