using System.Reflection;

namespace LoraDrop.Service.Tests;

public sealed class WallFacts
{
    [Fact]
    public void The_api_never_reaches_torch() =>
        Assert.DoesNotContain(Reached(typeof(Api.ApiSetup).Assembly), name => name.Contains("Torch") || name == "LoraDrop.Engine");

    [Fact]
    public void Nor_does_its_program_carry_it()
    {
        var carried = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "LoraDrop.Api.deps.json"));
        Assert.Contains("LoraDrop.Storage", carried);
        Assert.DoesNotContain("torch", carried, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("LoraDrop.Engine", carried);
    }

    [Fact]
    public void Hosting_references_storage_and_the_domain_and_no_host() =>
        Assert.Equal(["LoraDrop.Domain", "LoraDrop.Storage"], typeof(Hosting.HostProgram).Assembly.GetReferencedAssemblies()
            .Select(a => a.Name!).Where(name => name.StartsWith("LoraDrop")).Order());

    private static HashSet<string> Reached(Assembly root)
    {
        var reached = new HashSet<string>();
        var next = new Stack<Assembly>([root]);
        while (next.TryPop(out var assembly))
            foreach (var reference in assembly.GetReferencedAssemblies().Where(r => reached.Add(r.Name!) && r.Name!.StartsWith("LoraDrop")))
                next.Push(Assembly.Load(reference));
        return reached;
    }
}
