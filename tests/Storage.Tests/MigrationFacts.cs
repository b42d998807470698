using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

public sealed class MigrationFacts
{
    [Fact]
    public async Task The_migrations_make_the_tables_that_the_rows_are_mapped_to()
    {
        await using var storage = await TestStorage.NewAsync();
        await storage.Read(db =>
        {
            Assert.False(db.Database.HasPendingModelChanges(), "write one: dotnet ef migrations add <name> --context SqliteJobsContext --output-dir Migrations/Sqlite");
            return Task.FromResult(0);
        });
    }
}
