namespace LoraDrop.Storage.Tests;

public sealed class WallFacts
{
    [Fact]
    public void Storage_sees_the_domain_and_nothing_else_of_ours() =>
        Assert.Equal(["LoraDrop.Domain"], typeof(JobsContext).Assembly.GetReferencedAssemblies().Select(a => a.Name!)
            .Where(name => name.StartsWith("LoraDrop")));

    [Fact]
    public void Storage_leaves_logging_and_telemetry_to_the_hosts() =>
        Assert.DoesNotContain(typeof(JobsContext).Assembly.GetReferencedAssemblies(), a => a.Name!.StartsWith("Serilog")
            || a.Name.StartsWith("OpenTelemetry"));
}
