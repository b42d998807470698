using System.Net.Sockets;
using Npgsql;

namespace LoraDrop.Storage;

/// <summary>Distinguishes a database that is unreachable, which is temporary, from one that refuses, which is not.</summary>
public static class DatabaseFault
{
    private const string IdleInTransaction = "25P03";

    /// <summary>Why the database cannot be reached, in a few words; null for other errors.</summary>
    public static string? Unreachable(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
            switch (error)
            {
                case PostgresException said: return Unreachable(said.SqlState);
                case NpgsqlException { InnerException: SocketException socket }: return Words(socket);
                case NpgsqlException { InnerException: TimeoutException }: return "it does not answer in time";
                case NpgsqlException { IsTransient: true }: return "the connection broke";
                case NpgsqlException { InnerException: IOException }: return "the connection broke";
            }
        return null;
    }

    /// <summary>As <see cref="Unreachable(Exception?)"/>, for an attempt to connect, where a network error can only be the
    /// database's.</summary>
    public static string? UnreachableAtOpening(Exception error) => Unreachable(error) ?? error.GetBaseException() switch
    {
        SocketException socket => Words(socket),
        TimeoutException => "it does not answer in time",
        _ => null,
    };

    /// <summary>Why the database refuses this program, so that no retry helps; null for other errors.</summary>
    /// <param name="error">The error of the attempt.</param>
    /// <param name="options">The server, database and user.</param>
    public static string? Refusal(Exception? error, DatabaseOptions options)
    {
        var (server, database, user) = options.Names();
        for (; error is not null; error = error.InnerException)
            if (error is PostgresException said)
                return said.SqlState switch
                {
                    PostgresErrorCodes.InvalidPassword => $"{server} does not take the password of the user {user}",
                    PostgresErrorCodes.InvalidAuthorizationSpecification => $"{server} does not let the user {user} in: {said.MessageText}",
                    PostgresErrorCodes.InvalidCatalogName =>
                        $"{server} has no database {database}: createdb --owner={user} {database} makes it",
                    PostgresErrorCodes.InsufficientPrivilege =>
                        $"the user {user} lacks a right in the database {database}: {said.MessageText}. Its owner has all: "
                            + $"ALTER DATABASE {database} OWNER TO {user}",
                    _ => null,
                };
            // such as a password that is required but not given
            else if (error is NpgsqlException { InnerException: null, IsTransient: false } own) return own.Message;
        return null;
    }

    private static string? Unreachable(string state) => state switch
    {
        PostgresErrorCodes.TooManyConnections => "it has no connection left",
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow =>
            "it is starting or stopping",
        IdleInTransaction => "it ended a connection that was left alone for too long",
        _ when state.StartsWith("08", StringComparison.Ordinal) => "the connection broke",
        _ => null,
    };

    private static string Words(SocketException socket) => socket.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => "its name is not known",
        SocketError.TimedOut => "it does not answer in time",
        _ => socket.Message,
    };
}
