using System.Diagnostics;

namespace LoraDrop.Service.Tests;

/// <summary>Prometheus' own check of what it is given.</summary>
internal static class Promtool
{
    /// <summary>Passes where promtool finds nothing wrong; the test is skipped, with the reason, where there is none.</summary>
    public static async Task CheckAsync(string[] arguments, string input = "")
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'),
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "loradrop", "promtool", "usr", "bin")];
        var program = folders.Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
        if (program is null)
            Assert.Skip("There is no promtool on the PATH or where ./test puts it (it comes with Debian's package prometheus).");
        using var tool = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true,
            RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = Task.WhenAll(tool.StandardOutput.ReadToEndAsync(), tool.StandardError.ReadToEndAsync());
        await tool.StandardInput.WriteAsync(input);
        tool.StandardInput.Close();
        await tool.WaitForExitAsync();
        Assert.True(tool.ExitCode == 0, $"promtool {string.Join(' ', arguments)}: {string.Join('\n', await said)}");
    }
}
