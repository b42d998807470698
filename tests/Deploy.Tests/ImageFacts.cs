using System.Text.RegularExpressions;

using LoraDrop.Service.Tests;
namespace LoraDrop.Deploy.Tests;

/// <summary>The Dockerfiles, as far as they can be read; docker/rehearse does what they say.</summary>
public sealed class ImageFacts
{
    public static TheoryData<string> Images => ["Api.Dockerfile", "Worker.Dockerfile"];

    [Theory, MemberData(nameof(Images))]
    public void An_image_is_for_a_user_by_number_who_is_not_root(string name) => Assert.Equal(["1654:1654"], Instructions(name, "USER"));

    [Theory, MemberData(nameof(Images))]
    public void Its_last_stage_runs_nothing_so_its_base_needs_no_shell(string name)
    {
        var all = All(name);
        var last = all.FindLastIndex(instruction => instruction.Name == "FROM");
        Assert.EndsWith("-chiseled", all[last].Words);
        Assert.DoesNotContain(all.Skip(last), instruction => instruction.Name == "RUN");
        Assert.All(all.Where(instruction => instruction.Name is "ENTRYPOINT" or "HEALTHCHECK"),
            instruction => Assert.Contains("[\"/app/LoraDrop.", instruction.Words));
    }

    [Theory, MemberData(nameof(Images))]
    public void Packages_are_restored_before_the_sources_come_and_as_the_lock_files_say(string name)
    {
        var all = All(name);
        var restore = all.FindIndex(instruction => instruction.Words.Contains("dotnet restore", StringComparison.Ordinal));
        Assert.All(all.Take(restore).Where(instruction => instruction.Name == "COPY"),
            copy => Assert.Matches("\\.(csproj|json|props|targets) ", copy.Words));
        Assert.Contains(all.Take(restore + 1), instruction => instruction.Words.Contains("CI=true", StringComparison.Ordinal)
            || instruction.Words.Contains("--locked-mode", StringComparison.Ordinal));
        Assert.Contains("--no-restore",
            all.Single(instruction => instruction.Words.Contains("dotnet publish", StringComparison.Ordinal)).Words);
    }

    [Theory, MemberData(nameof(Images))]
    public void Every_project_that_is_built_from_is_copied(string name)
    {
        var root = name.StartsWith("Api", StringComparison.Ordinal) ? "Api" : "Worker";
        Assert.Equal(Needs(root).Append(root).Distinct().Order(),
            Instructions(name, "COPY").Where(copy => copy.Contains(".csproj", StringComparison.Ordinal))
            .Select(copy => Regex.Match(copy, "src/([A-Za-z]+)/").Groups[1].Value).Order());

        static IEnumerable<string> Needs(string project) =>
            Regex.Matches(File.ReadAllText(Repository.At("src", project, $"{project}.csproj")),
                "ProjectReference Include=\"../([A-Za-z]+)/").Select(match => match.Groups[1].Value).SelectMany(needed =>
                Needs(needed).Append(needed));
    }

    [Theory, MemberData(nameof(Images))]
    public void Variables_that_it_sets_for_a_host_are_settings_of_the_manual(string name)
    {
        var manual = File.ReadAllText(Repository.At("docs", "operations.md")).ToUpperInvariant();
        Assert.All(Regex.Matches(string.Join(' ', Instructions(name, "ENV")), "LORADROP_([A-Z]+)__([A-Z]+)=").Cast<Match>(),
            variable => Assert.Contains($"| `{variable.Groups[1].Value}:{variable.Groups[2].Value}` |", manual));
    }

    [Fact]
    public void No_image_that_names_all_GPUs_sees_those_of_others() =>
    Assert.DoesNotContain("NVIDIA_VISIBLE_DEVICES", File.ReadAllText(Repository.At("docker", "Worker.Dockerfile")));

    [Fact]
    public void What_lies_beside_the_sources_stays_out_of_the_build()
    {
        var lines = File.ReadAllLines(Repository.At(".dockerignore")).Where(line => line is not "" && line[0] != '#').ToList();
        Assert.Equal("*", lines[0]);
        Assert.DoesNotContain(lines, line => line.Contains(".env", StringComparison.Ordinal)
            || line.Contains(".git", StringComparison.Ordinal));
    }

    private static List<string> Instructions(string name, string which) =>
        [.. All(name).Where(instruction => instruction.Name == which).Select(instruction => instruction.Words)];

    private static List<(string Name, string Words)> All(string name)
    {
        var text = Regex.Replace(Regex.Replace(File.ReadAllText(Repository.At("docker", name)), "(?m)^#.*\n", ""), "\\\\\n\\s*", " ");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2))
            .Select(parts => (parts[0], parts[1]))];
    }
}
