using Microsoft.Data.Sqlite;
using Npgsql;

namespace LoraDrop.Storage;

/// <summary>Tells a full disk from other errors, however it comes.</summary>
public static class DiskFull
{
    private const int SqliteFull = 13, NoSpaceLeft = 28, QuotaExceeded = 122;

    public static bool Says(Exception? error) => error switch
    {
        null => false,
        SqliteException { SqliteErrorCode: SqliteFull } => true,
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => true,
        IOException io when (io.HResult & 0xFFFF) is NoSpaceLeft or QuotaExceeded => true,
        _ => Says(error.InnerException),
    };
}
