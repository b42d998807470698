using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Storage.Tests;

public abstract class MigrationFacts(Database database)
{
    [Fact]
    public async Task The_migrations_make_the_tables_that_the_rows_are_mapped_to()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.Read(db =>
        {
            Assert.False(db.Database.HasPendingModelChanges(),
                $"write one: dotnet ef migrations add <name> --context {database}JobsContext --output-dir Migrations/{database}");
            return Task.FromResult(0);
        });
    }
}

public sealed class MigrationOnSqliteFacts() : MigrationFacts(Database.Sqlite)
{
    [Fact]
    public async Task A_folder_of_a_version_before_0_1_0_is_refused_and_left_as_it_is()
    {
        using var folder = new TestFolder();
        using var data = DataFolder.Take(folder.At("data"));
        await using var services = new ServiceCollection().AddLogging().AddEmbeddedStorage(data).BuildServiceProvider();
        await using (var db = await services.GetRequiredService<IDbContextFactory<JobsContext>>().CreateDbContextAsync())
            await db.Database.ExecuteSqlRawAsync($"""
                CREATE TABLE "__EFMigrationsHistory" (migration_id TEXT NOT NULL PRIMARY KEY, product_version TEXT NOT NULL);
                INSERT INTO "__EFMigrationsHistory" VALUES ('20261124055245_Initial', '10.0.11');
                """);
        var refused = await Assert.ThrowsAsync<RefusedInputException>(() => services.MigrateAsync(default));
        Assert.Equal("--data: was made by a version before 0.1.0, which this version cannot update: start with an empty "
            + "folder, after downloading with the old version what you want to keep", refused.Faults.Single().ToString());
        await using var after = await services.GetRequiredService<IDbContextFactory<JobsContext>>().CreateDbContextAsync();
        Assert.Equal(["20261124055245_Initial"], await after.Database.GetAppliedMigrationsAsync());
    }
}

public sealed class MigrationOnPostgresFacts() : MigrationFacts(Database.Postgres);
