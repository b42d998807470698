using System.Xml.Linq;

namespace LoraDrop.Domain.Tests;

public sealed class WallFacts
{
    [Fact]
    public void Domain_references_the_framework_and_nothing_else() =>
        Assert.All(typeof(Site).Assembly.GetReferencedAssemblies(), reference =>
            Assert.True(reference.Name == "System" || reference.Name!.StartsWith("System."), $"Domain references {reference.Name}"));

    [Fact]
    public void Domain_names_no_package_or_project_of_its_own()
    {
        var project = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Domain.csproj"));
        Assert.DoesNotContain(project.Descendants(), e => e.Name.LocalName is "PackageReference" or "ProjectReference" or "Reference");
    }
}
