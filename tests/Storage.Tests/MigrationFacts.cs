using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

public abstract class MigrationFacts(Database database)
{
    [Fact]
    public async Task The_migrations_make_the_tables_that_the_rows_are_mapped_to()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.Read(db =>
        {
            Assert.False(db.Database.HasPendingModelChanges(), $"write one: dotnet ef migrations add <name> --context {database}JobsContext --output-dir Migrations/{database}");
            return Task.FromResult(0);
        });
    }
}

public sealed class MigrationOnSqliteFacts() : MigrationFacts(Database.Sqlite);

public sealed class MigrationOnPostgresFacts() : MigrationFacts(Database.Postgres);
