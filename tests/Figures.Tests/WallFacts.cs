namespace LoraDrop.Figures.Tests;

public sealed class WallFacts
{
    [Fact]
    public void Figures_see_the_domain_the_plotting_library_and_Skia_and_nothing_else() =>
        Assert.All(typeof(Figure).Assembly.GetReferencedAssemblies().Select(reference => reference.Name!), name =>
            Assert.True(name is "LoraDrop.Domain" or "OxyPlot" or "SkiaSharp" || name.StartsWith("System."), $"Figures references {name}"));

    [Fact]
    public void The_licence_of_the_fonts_lies_beside_the_assembly_that_carries_them() =>
        Assert.Contains("SIL OPEN FONT LICENSE", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "LoraDrop.Figures.Fonts.txt")));
}
