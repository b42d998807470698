using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Finds tables that versions before 0.1.0 created. Their migrations were replaced by one, so nothing updates them.</summary>
internal static class OldTables
{
    /// <summary>Refuses a database in which migrations older than this program's first were applied.</summary>
    /// <param name="path">The setting or option that names the database.</param>
    /// <param name="known">This program's migrations.</param>
    /// <param name="applied">The database's migrations.</param>
    /// <param name="advice">How to continue.</param>
    /// <exception cref="RefusedInputException">There are such migrations.</exception>
    public static void Refuse(string path, IEnumerable<string> known, IEnumerable<string> applied, string advice)
    {
        var first = known.Min(StringComparer.Ordinal);
        if (applied.Any(migration => string.CompareOrdinal(migration, first) < 0))
            throw new RefusedInputException(path,
                $"was made by a version before 0.1.0, which this version cannot update: {advice}, after downloading "
                + "with the old version what you want to keep");
    }
}
