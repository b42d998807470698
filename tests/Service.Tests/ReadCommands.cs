using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace LoraDrop.Service.Tests;

/// <summary>Writes down what is read from the database, as EF Core sends it.</summary>
internal sealed class ReadCommands : DbCommandInterceptor
{
    public ConcurrentQueue<(string Text, IReadOnlyList<object> Parameters)> All { get; } = [];

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData,
        InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        All.Enqueue((command.CommandText, [.. command.Parameters.OfType<ICloneable>().Select(parameter => parameter.Clone())]));
        return ValueTask.FromResult(result);
    }
}
