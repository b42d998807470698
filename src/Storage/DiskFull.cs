using Microsoft.Data.Sqlite;
using Npgsql;

namespace LoraDrop.Storage;

/// <summary>Recognizes a full disk, whatever reports it.</summary>
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
