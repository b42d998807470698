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
            Assert.False(db.Database.HasPendingModelChanges(), $"write one: dotnet ef migrations add <name> --context {database}JobsContext --output-dir Migrations/{database}");
            return Task.FromResult(0);
        });
    }
}

public sealed class MigrationOnSqliteFacts() : MigrationFacts(Database.Sqlite)
{
    [Fact]
    public async Task A_job_that_waits_in_a_folder_of_the_first_version_is_taken_up_by_this_one()
    {
        using var folder = new TestFolder();
        using var data = DataFolder.Take(folder.At("data"));
        await using var services = new ServiceCollection().AddLogging().AddEmbeddedStorage(data).BuildServiceProvider();
        await using (var db = await services.GetRequiredService<IDbContextFactory<JobsContext>>().CreateDbContextAsync())
        {
            await db.Database.MigrateAsync("Initial");
            var settings = TestStorage.Request().ToJson();
            await db.Database.ExecuteSqlAsync($"""
                INSERT INTO models (id, source, status, version, files, fetched, fetch_total, created_at) VALUES ('0198F000-0000-7000-8000-000000000001', 'file:/tiny', 'ready', 1, '[]', 0, 0, 0);
                INSERT INTO datasets (id, source, status, version, files, fetched, fetch_total, created_at) VALUES ('0198F000-0000-7000-8000-000000000002', 'upload', 'ready', 1, '[]', 0, 0, 0);
                INSERT INTO jobs (id, status, version, method, settings, service_version, model_id, dataset_id, created_at)
                VALUES ('0198F000-0000-7000-8000-000000000003', 'queued', 1, 'lora', {settings}, '0.1.0', '0198F000-0000-7000-8000-000000000001', '0198F000-0000-7000-8000-000000000002', 0);
                INSERT INTO stages (job_id, stage, status, attempt, interruptions, step, steps, queued_at) VALUES ('0198F000-0000-7000-8000-000000000003', 'task-adaptation', 'queued', 0, 0, 0, 0, 0);
                """);
        }
        await services.MigrateAsync(default);
        var lease = await services.GetRequiredService<StageLeases>().TakeNextAsync(WorkerAbility.Any("w1"), default);
        Assert.Equal(Guid.Parse("0198F000-0000-7000-8000-000000000003"), lease!.Job);
        await using var after = await services.GetRequiredService<IDbContextFactory<JobsContext>>().CreateDbContextAsync();
        Assert.Equal(JobPriority.Default, (await after.Stages.SingleAsync()).Priority);
    }
}

public sealed class MigrationOnPostgresFacts() : MigrationFacts(Database.Postgres);
