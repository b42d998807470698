using System.Diagnostics;
using System.Text;

using LoraDrop.Service.Tests;
namespace LoraDrop.Deploy.Tests;

/// <summary>Programs beside .NET that these tests are made with; where one is not installed, its tests are skipped, by name.</summary>
internal static class Tools
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Debian's sources of Go's libraries.</summary>
    private const string GoLibraries = "/usr/share/gocode";

    /// <summary>The folder where npm has installed the schemas (see ./test).</summary>
    private static string Schemas =>
        Environment.GetEnvironmentVariable("LORADROP_SCHEMAS") is { Length: > 0 } told
            ? told
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "loradrop", "schemas");

    public static void SkipWithoutGo() =>
        Assert.SkipUnless(Directory.Exists(Path.Combine(GoLibraries, "src", "github.com", "Masterminds", "sprig"))
            && File.Exists("/usr/bin/go"),
            "Go with Helm's libraries is not installed (Debian's packages golang-go, "
            + "golang-github-masterminds-sprig-dev, golang-k8s-sigs-yaml-dev, " + "golang-github-xeipuuv-gojsonschema-dev)");

    public static void SkipWithoutSchemas() =>
        Assert.SkipUnless(Directory.Exists(Path.Combine(Schemas, "node_modules", "kubernetes-models")),
            $"The schemas are not installed in {Schemas} (./test does it, with npm)");

    /// <summary>Prometheus' own tool, on the PATH or where ./test puts it.</summary>
    public static string Promtool()
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'),
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "loradrop", "promtool", "usr", "bin")];
        var program = folders.Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null,
            "There is no promtool on the PATH or where ./test puts it (it comes with Debian's package prometheus)");
        return program!;
    }

    /// <summary>Builds a Go program from Debian's libraries alone.</summary>
    public static async Task BuildGoAsync(string source, string program)
    {
        var (code, _, errors) = await RunAsync("/usr/bin/go", ["build", "-o", program, source], ("GO111MODULE", "off"),
            ("GOPATH", GoLibraries), ("GOFLAGS", ""), ("GOCACHE", Path.Combine(Path.GetTempPath(), "loradrop-go-cache")));
        Assert.True(code == 0, errors);
    }

    /// <summary>What the schemas of those who read these files say against them.</summary>
    /// <param name="what">kubernetes, compose or workflow.</param>
    /// <param name="files">The files.</param>
    public static async Task<string[]> FaultsAsync(string what, params string[] files)
    {
        var (code, output, errors) = await RunAsync("node", [Repository.At("tests", "Deploy.Tests", "schemas.mjs"), what, .. files],
            ("LORADROP_SCHEMAS", Schemas));
        Assert.True(code == 0, errors);
        return System.Text.Json.JsonSerializer.Deserialize<string[]>(output)!;
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string program, IEnumerable<string> arguments,
        params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8 };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        return (process.ExitCode, await output, await errors);
    }
}
