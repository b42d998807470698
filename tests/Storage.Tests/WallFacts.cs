namespace LoraDrop.Storage.Tests;

public sealed class WallFacts
{
    [Fact]
    public void Storage_sees_the_domain_and_nothing_else_of_ours() =>
        Assert.Equal(["LoraDrop.Domain"], typeof(JobsContext).Assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(name => name.StartsWith("LoraDrop")));
}
