namespace LoraDrop.Engine.Tests;

public sealed class WallFacts
{
    [Fact]
    public void Engine_sees_no_database_queue_or_network() =>
        Assert.All(typeof(LoraDropRun).Assembly.GetReferencedAssemblies(), reference =>
            Assert.DoesNotContain((string[])["EntityFramework", "Npgsql", "Sqlite", "Hangfire", "AspNetCore", "System.Net", "AWSSDK",
                "Minio"],
                name => reference.Name!.Contains(name, StringComparison.OrdinalIgnoreCase)));
}
