using System.Text.RegularExpressions;

using LoraDrop.Engine.Tests;
using LoraDrop.Service.Tests;
namespace LoraDrop.Deploy.Tests;

/// <summary>A release has one version everywhere, and words.</summary>
public sealed partial class ReleaseFacts
{
    [Fact]
    public async Task The_chart_has_the_version_of_the_programs()
    {
        var chart = await File.ReadAllTextAsync(Path.Combine(Chart.Folder, "Chart.yaml"));
        Assert.Contains($"\nversion: {VersionOfProps()}\n", chart);
        Assert.Contains($"\nappVersion: \"{VersionOfProps()}\"\n", chart);
    }

    [Theory]
    [InlineData("v1.2.3", "1.2.3", "1.2.3", "## [1.2.3] - 2026-12-01\n\n- New.", null)]
    [InlineData("v1.2.4", "1.2.3", "1.2.3", "## [1.2.3] - 2026-12-01\n\n- New.", "Version in Directory.Build.props is \"1.2.3\"")]
    [InlineData("v1.2.3", "1.2.3", "1.2.2", "## [1.2.3] - 2026-12-01\n\n- New.", "Chart.yaml is \"1.2.2\"")]
    [InlineData("v1.2.3", "1.2.3", "1.2.3", "## [Unreleased]\n\n- New.", "CHANGELOG.md")]
    [InlineData("v1.2.3", "1.2.3", "1.2.3", "## [1.2.3] - 2026-12-01\n", "says nothing")]
    [InlineData("v1.2", "1.2", "1.2", "## [1.2] - 2026-12-01\n\n- New.", "no tag of a version")]
    public async Task A_tag_is_released_where_all_agree(string tag, string version, string chart, string changelog, string? refusal)
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder.At(".github"));
        Directory.CreateDirectory(folder.At("deploy", "helm", "loradrop"));
        File.Copy(Repository.At(".github", "release"), folder.At(".github", "release"));
        folder.File("Directory.Build.props", $"<Project>\n    <Version>{version}</Version>\n</Project>");
        folder.File("deploy/helm/loradrop/Chart.yaml", $"version: {chart}\nappVersion: \"{chart}\"\n");
        folder.File("CHANGELOG.md", $"# Changelog\n\n## [Unreleased]\n\n{changelog}\n\n## [1.0.0] - 2026-01-01\n\n- Old.\n");
        var (code, notes, errors) = await Tools.RunAsync(folder.At(".github", "release"), [tag]);
        if (refusal is null) Assert.Equal((0, "- New."), (code, notes.Trim()));
        else
        {
            Assert.Equal(1, code);
            Assert.Contains(refusal, errors);
        }
    }

    [Fact]
    public async Task Workflows_mean_what_they_say()
    {
        Tools.SkipWithoutSchemas();
        Assert.Empty(await Tools.FaultsAsync("workflow", Directory.GetFiles(Repository.At(".github", "workflows"))));
    }

    [Fact]
    public void Actions_are_of_a_version() =>
        Assert.All(Directory.GetFiles(Repository.At(".github", "workflows")).SelectMany(File.ReadLines)
            .Where(line => line.Contains(" uses: ", StringComparison.Ordinal) && !line.Contains("uses: ./", StringComparison.Ordinal)),
            line => Assert.Matches("@v[0-9]+", line));

    internal static string VersionOfProps() => Version().Match(File.ReadAllText(Repository.At("Directory.Build.props"))).Groups[1].Value;

    [GeneratedRegex("<Version>(.*)</Version>")]
    private static partial Regex Version();
}
