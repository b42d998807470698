using System.Diagnostics;
using System.Text.Json;

namespace LoraDrop.Service.Tests;

/// <summary>OpenAI's own client for Node.js, as npm installs it, and the script that uses it.</summary>
internal static class OpenAiClient
{
    private static string Home => Environment.GetEnvironmentVariable("LORADROP_OPENAI") is { Length: > 0 } named
        ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "loradrop", "openai");

    /// <summary>Why it cannot be used on this machine; null where it can.</summary>
    private static string? Missing =>
        !Directory.Exists(Path.Combine(Home, "node_modules", "openai"))
            ? $"there is no openai in {Home}: npm install --prefix {Home} openai@6.49.0 (LORADROP_OPENAI may name another folder)"
        : !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "node")))
        ? "there is no node on the PATH"
        : null;

    /// <summary>Skips the test, with the reason, where there is no client.</summary>
    public static void SkipWhereMissing()
    {
        if (Missing is { } reason) Assert.Skip($"No OpenAI client: {reason}.");
    }

    /// <summary>Runs the script; what it saw.</summary>
    public static async Task<JsonElement> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Repository.At("tests", "Service.Tests", "OpenAi", "client.js"), Home, .. arguments])
            start.ArgumentList.Add(argument);
        using var limit = new CancellationTokenSource(Eventually.Patience);
        using var process = Process.Start(start)!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, await errors);
            return JsonDocument.Parse(await output).RootElement;
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
