using System.Diagnostics;
using System.Text.Json;

namespace LoraDrop.Cli.Tests;

/// <summary>The command line: in this process where that shows the same, else the program itself, started as a shell starts it.</summary>
internal static class Loradrop
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static Ended Run(params string[] arguments) => Run(arguments, input: "");

    /// <summary>Runs a command to its end. Hosts and the demo, which start processes of their own, are processes.</summary>
    public static Ended Run(string[] arguments, string input, params (string Name, string Value)[] environment) =>
        environment.Length > 0 || arguments is ["demo" or "serve" or "api" or "worker" or "db", ..]
            ? RunProcess(arguments, input, environment)
            : CommandConsole.Run(() => CommandLine.Run(arguments), input, Patience);

    /// <summary>Runs the program to its end.</summary>
    private static Ended RunProcess(string[] arguments, string input = "", params (string Name, string Value)[] environment)
    {
        using var process = Start(arguments, environment);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return Ended(process, output, error);
    }

    /// <summary>Runs until an event, sends the process a signal, and waits for its end.</summary>
    public static Ended Interrupt(string signal, Func<JsonElement, bool> at, params string[] arguments)
    {
        using var process = Start(arguments);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        while (process.StandardOutput.ReadLine() is { } line && !at(JsonDocument.Parse(line).RootElement)) { }
        using (var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"])) kill.WaitForExit();
        return Ended(process, process.StandardOutput.ReadToEndAsync(), error);
    }

    /// <summary>Starts it; the caller reads and ends it.</summary>
    public static Process Start(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "loradrop"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end of a program whose output nobody has read yet.</summary>
    public static Ended End(Process process) =>
        Ended(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

    private static Ended Ended(Process process, Task<string> output, Task<string> error)
    {
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail($"did not end within {Patience}");
        }
        return new(process.ExitCode, output.Result, error.Result);
    }
}
