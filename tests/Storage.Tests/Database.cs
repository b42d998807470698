namespace LoraDrop.Storage.Tests;

/// <summary>Where the rows of a test rest: what the rows promise, they promise on each.</summary>
public enum Database
{
    Sqlite,

    /// <summary>A real server, in a database of the test's own.</summary>
    Postgres,
}
