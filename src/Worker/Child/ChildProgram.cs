using System.Runtime.InteropServices;
using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Worker;

/// <summary>The child process: does one piece of work, so that libtorch or a hostile file cannot crash the worker. After a stage or a
/// prediction it waits for another one, and keeps what it has read; after everything else it exits.</summary>
/// <remarks>It hears of the next stage, of stops, and of the end of its worker on standard input (<see cref="ChildOrders"/>).</remarks>
public static class ChildProgram
{
    /// <summary>The command-line verb of the child process.</summary>
    public const string Verb = "child";

    private const int Done = 0, Failed = 1;

    /// <summary>Texts in a batch of an evaluation, as on the command line.</summary>
    private const int EvaluationBatch = 32;

    /// <param name="folder">The folder with work.json.</param>
    public static int Run(string folder)
    {
        PreferOomKill();
        var orders = new ChildOrders(folder);
        // Ctrl-C also reaches children; the worker decides what to do
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            orders.End();
        });
        using var lines = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        void Write(ChildLine line) => lines.WriteLine(line.ToText());
        using var kept = new KeptInputs();
        using var answers = new ChildAnswers();
        while (orders.Next() is { } order)
        {
            try
            {
                if (!Do(order, kept, answers, Write)) return Done;
            }
            catch (Exception failed) // the process boundary: report the failure to the worker
            {
                Write(new(Failure: RunFailure.Of(failed, order.Stopping.IsCancellationRequested)));
                return Failed;
            }
            Write(new(Done: true));
            GC.Collect(); // while nobody waits for it
        }
        return Done;
    }

    /// <summary>Does a piece of work.</summary>
    /// <returns>Whether another one may follow.</returns>
    private static bool Do(ChildOrder order, KeptInputs kept, ChildAnswers answers, Action<ChildLine> write)
    {
        var work = ChildWork.Read(order.Folder);
        Directory.SetCurrentDirectory(order.Folder);
        using (ChildTrace.Begin(work.TraceParent, phase => write(new(Span: phase))))
        {
            if (work is ChildWork.Predict asked) Predict(asked, order, answers, write);
            else Do(work, order.Folder, kept, happened => write(new(Event: happened)), order.Stopping);
        }
        Directory.SetCurrentDirectory(Path.GetPathRoot(order.Folder)!); // its folder is about to be removed
        return work is ChildWork.RunStage or ChildWork.Predict;
    }

    private static void Do(ChildWork work, string folder, KeptInputs kept, Action<RunEvent> report, CancellationToken cancel)
    {
        switch (work)
        {
            case ChildWork.RunStage stage:
                RunStage(stage, ChildWork.RunIn(folder), kept, report, cancel);
                break;
            case ChildWork.InspectModel model:
                WriteFacts(folder, ModelInspection.Read(model.Folder));
                break;
            case ChildWork.InspectDataset dataset:
                WriteFacts(folder, DatasetInspection.Read(dataset.Files));
                break;
            case ChildWork.Evaluate evaluate:
                WriteFacts(folder, Evaluate(evaluate, folder, cancel));
                break;
        }
    }

    /// <summary>A refusal or a stop ends a prediction, not the child: others of the job may follow.</summary>
    private static void Predict(ChildWork.Predict work, ChildOrder order, ChildAnswers answers, Action<ChildLine> write)
    {
        try
        {
            WriteFacts(order.Folder, answers.To(work, piece => write(new(Piece: piece)), order.Stopping));
        }
        catch (Exception ended) when (ended is RefusedInputException || (ended is OperationCanceledException
            && order.Stopping.IsCancellationRequested))
        {
            write(new(Failure: RunFailure.Of(ended, stopping: true)));
        }
    }

    private static EvaluationResult Evaluate(ChildWork.Evaluate work, string folder, CancellationToken cancel)
    {
        using var trained = TrainedAdapter.Open(work.Adapter, work.Model, DeviceOf(work.Device, work.Threads));
        var file = ScoredFile.Read(work.File, trained);
        var remarks = file.Remarks.ToList();
        ModelScores Scored(string predictions)
        {
            var scored = file.Score(EvaluationBatch, cancel);
            WholeFile.WriteText(Path.Combine(folder, predictions), scored.Predictions);
            if (scored.Remark is { } remark && !remarks.Contains(remark)) remarks.Add(remark);
            return new(scored.Scores.Primary, scored.Scores.Values, scored.Loss, scored.Prompts);
        }
        var adapted = Scored(EvaluationResult.PredictionsFile);
        var plain = work.Base ? trained.Model.WithoutAdapter(() => Scored(EvaluationResult.BasePredictionsFile)) : null;
        return new(file.Rows, adapted, plain, remarks);
    }

    /// <summary>Loads libtorch for a device.</summary>
    /// <exception cref="DllNotFoundException">The device is not available.</exception>
    internal static Device DeviceOf(string name, int threads)
    {
        TorchNative.EnsureLoaded();
        set_num_threads(threads);
        return name != "cuda" || cuda.is_available() ? new(name) : throw new DllNotFoundException(
            "the worker's device is cuda, which is not available: this build includes a CPU libtorch, or the "
                + "machine has no CUDA driver");
    }

    private static void RunStage(ChildWork.RunStage work, string folder, KeptInputs kept, Action<RunEvent> report,
        CancellationToken cancel)
    {
        var device = DeviceOf(work.Device, work.Threads);
        using var run = new LoraDropRun(JobRequest.Parse(work.Request), work.Inputs, folder, device, report, kept);
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
}
