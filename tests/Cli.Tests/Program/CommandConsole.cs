using System.Runtime.CompilerServices;
using System.Text;

namespace LoraDrop.Cli.Tests;

/// <summary>Gives each command that runs in this process a console of its own: what it writes and reads is that of the test that runs
/// it.</summary>
internal static class CommandConsole
{
    private static readonly AsyncLocal<Streams?> Current = new();

    /// <summary>Runs something that uses the console, to its end.</summary>
    /// <param name="run">Its exit code.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="patience">How long it may take.</param>
    public static Ended Run(Func<int> run, string input, TimeSpan patience)
    {
        var streams = new Streams(new StringReader(input), new StringWriter(), new StringWriter());
        var running = Task.Factory.StartNew(() =>
        {
            Current.Value = streams;
            return run();
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (!running.Wait(patience)) Assert.Fail($"did not end within {patience}");
        return new(running.GetAwaiter().GetResult(), $"{streams.Output}", $"{streams.Error}");
    }

    [ModuleInitializer]
    internal static void BeforeAnyTest()
    {
        Console.SetIn(new Reader(Console.In));
        Console.SetOut(new Writer(Console.Out, streams => streams.Output));
        Console.SetError(new Writer(Console.Error, streams => streams.Error));
    }

    private sealed record Streams(TextReader Input, TextWriter Output, TextWriter Error);

    private sealed class Reader(TextReader otherwise) : TextReader
    {
        private TextReader Source => Current.Value?.Input ?? otherwise;

        public override int Peek() => Source.Peek();

        public override int Read() => Source.Read();

        public override string? ReadLine() => Source.ReadLine();

        public override string ReadToEnd() => Source.ReadToEnd();
    }

    /// <summary>Several threads of one command may write; each of its writers is locked, and no test waits for another's.</summary>
    private sealed class Writer(TextWriter otherwise, Func<Streams, TextWriter> choose) : TextWriter
    {
        public override Encoding Encoding => otherwise.Encoding;

        private TextWriter Target => Current.Value is { } streams ? choose(streams) : otherwise;

        public override void Write(char value)
        {
            var target = Target;
            lock (target) target.Write(value);
        }

        public override void Write(string? value)
        {
            var target = Target;
            lock (target) target.Write(value);
        }

        public override void Write(char[] buffer, int index, int count)
        {
            var target = Target;
            lock (target) target.Write(buffer, index, count);
        }

        public override void Flush() => Target.Flush();
    }
}
