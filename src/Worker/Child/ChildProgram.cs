using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Worker;

/// <summary>The child process: does one piece of work and exits, so that libtorch or a hostile file cannot crash the worker.</summary>
/// <remarks>A line on standard input asks it to stop. It exits immediately when standard input closes: then its worker is gone, and another
/// attempt may have started.</remarks>
public static class ChildProgram
{
    /// <summary>The command-line verb of the child process.</summary>
    public const string Verb = "child";

    internal const string StopLine = "stop";

    private const int Done = 0, Failed = 1;

    /// <param name="folder">The folder with work.json.</param>
    public static int Run(string folder)
    {
        PreferOomKill();
        using var stop = new CancellationTokenSource();
        // Ctrl-C also reaches children; the worker decides what to do
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        var service = new Thread(() => ListenToService(stop)) { IsBackground = true };
        service.Start();
        using var lines = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        void Write(ChildLine line) => lines.WriteLine(line.ToText());
        using var trace = ChildTrace.Begin(phase => Write(new(Span: phase)));
        try
        {
            Do(ChildWork.Read(folder), folder, happened => Write(new(Event: happened)), stop.Token);
            return Done;
        }
        catch (Exception failed) // the process boundary: report the failure to the worker
        {
            Write(new(Failure: RunFailure.Of(failed, stop.IsCancellationRequested)));
            return Failed;
        }
    }

    private static void Do(ChildWork work, string folder, Action<RunEvent> report, CancellationToken cancel)
    {
        switch (work)
        {
            case ChildWork.RunStage stage:
                RunStage(stage, ChildWork.RunIn(folder), report, cancel);
                break;
            case ChildWork.InspectModel model:
                WriteFacts(folder, ModelInspection.Read(model.Folder));
                break;
            case ChildWork.InspectDataset dataset:
                WriteFacts(folder, DatasetInspection.Read(dataset.Files));
                break;
        }
    }

    private static void RunStage(ChildWork.RunStage work, string folder, Action<RunEvent> report, CancellationToken cancel)
    {
        TorchNative.EnsureLoaded();
        set_num_threads(work.Threads);
        if (work.Device == "cuda" && !cuda.is_available())
            throw new DllNotFoundException(
                "the worker's device is cuda, which is not available: this build includes a CPU libtorch, or the "
                + "machine has no CUDA driver");
        using var run = new LoraDropRun(JobRequest.Parse(work.Request), work.Inputs, folder, new Device(work.Device), report);
        if (work.Stage == Stage.ImportanceEvaluation) run.Importance(cancel);
        else report(new RunEvent.Finished(run.Run(cancel), folder));
    }

    /// <summary>Makes the kernel kill this process first if memory runs out, rather than the worker, which reports it and
    /// continues.</summary>
    private static void PreferOomKill()
    {
        const string Score = "/proc/self/oom_score_adj", First = "1000";
        try
        {
            if (File.Exists(Score)) File.WriteAllText(Score, First);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            // Some containers do not allow it; then the kernel decides.
        }
    }

    private static void WriteFacts<T>(string folder, T facts) =>
        WholeFile.WriteText(ChildWork.FactsIn(folder), JsonSerializer.Serialize(facts, JsonText.Compact));

    private static void ListenToService(CancellationTokenSource stop)
    {
        while (Console.In.ReadLine() is { } line)
            if (line == StopLine) stop.Cancel();
        Process.GetCurrentProcess().Kill();
    }
}
