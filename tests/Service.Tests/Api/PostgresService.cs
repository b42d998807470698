using LoraDrop.Storage;
using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>As <see cref="SharedService"/>, with its rows in PostgreSQL.</summary>
public sealed class PostgresService : IAsyncLifetime
{
    private string? _database;

    public TestService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        Service = await TestService.StartAsync(services => services.AddPostgresRows(_database));
        await Service.AddInputsAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await (await PostgresServer.SharedAsync()).DropDatabaseAsync(_database!);
    }
}
