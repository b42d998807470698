using System.Diagnostics;
using System.Runtime.InteropServices;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Training;

/// <summary>The job of one stage: model, data and settings.</summary>
/// <param name="Stage">The stage, which also seeds its random streams.</param>
/// <param name="Model">The frozen model.</param>
/// <param name="Adapter">The trained parameters.</param>
/// <param name="Train">The training data.</param>
/// <param name="Validation">Evaluated during training; null: never, and the last parameters are the result.</param>
/// <param name="Task">The task, whose metric selects the best evaluation.</param>
/// <param name="Settings">Rates, batch size, seed.</param>
/// <param name="Steps">Optimiser steps.</param>
public sealed record TrainingJob(Stage Stage, FrozenModel Model, Adapter Adapter, EncodedSet Train, EncodedSet? Validation,
    TaskSettings Task, TrainingSettings Settings, int Steps)
{
    /// <summary>Optimiser steps in a pass over the data.</summary>
    public int StepsPerEpoch => Settings.StepsIn(Train.Count);

    /// <summary>Whether the texts of a batch share a row; batches are then random, since similar lengths save nothing.</summary>
    internal bool Packs => Settings.Packing == true;

    internal bool EvaluatesAfter(int step) =>
        Validation is not null && step > 0 && (step % (Settings.EvaluateEvery ?? StepsPerEpoch) == 0 || step == Steps);
}

/// <summary>The training loop, the same for both stages.</summary>
public static class TrainingLoop
{
    /// <summary>Steps between garbage collections. Autograd's managed handles are small, so the collector would let thousands accumulate,
    /// each fragmenting the native memory, of which the next step needs one piece (a millisecond a collection; bench:
    /// <c>step</c>).</summary>
    private const int StepsPerCollection = 4;

    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(20);

    /// <summary>Trains, or continues from the checkpoint file if there is one; in the end the adapter has the parameters of the best
    /// evaluation.</summary>
    /// <remarks>The result depends only on the job: a run stopped at any step and continued ends with the same bits.</remarks>
    /// <param name="job">The job.</param>
    /// <param name="checkpoint">The checkpoint file, written at evaluations, every 20 seconds, and on cancellation, or null.</param>
    /// <param name="report">Called with every event.</param>
    /// <param name="cancel">Stops after the current micro-batch and writes a checkpoint.</param>
    /// <exception cref="DivergedException">The loss or gradient is not finite.</exception>
    /// <exception cref="RefusedInputException">A batch does not fit in memory.</exception>
    public static TrainingProgress Run(TrainingJob job, string? checkpoint, Action<RunEvent> report, CancellationToken cancel)
    {
        using var phase = RunPhases.Begin(RunPhases.Train, job.Stage);
        var (adapter, settings) = (job.Adapter, job.Settings);
        using var adamw = new AdamW(adapter.Parameters, settings.WeightDecay, form: adapter.Tuning.Adam);
        using var best = Copy(adapter.Parameters.Values);                        // (N)
        var progress = TrainingProgress.Start(job.Stage);
        adapter.Tuning.Begin(job.Steps);
        if (checkpoint is not null && File.Exists(checkpoint) && Checkpoint.ProgressOf(checkpoint) is var saved && saved.Stage == job.Stage)
        {
            progress = saved;
            Checkpoint.Load(checkpoint, adapter, adamw, best);
        }
        else adapter.Tuning.Prepare(job, cancel);
        var rate = LearningRate.Of(settings, job.Steps);
        var batches = new EpochBatches(job);
        var pace = new Pace();
        report(new RunEvent.StageStarted(job.Stage, progress.Step, job.Steps, job.Train.Count, adapter.Counts, batches.PaddingShare,
            job.Train.Lengths.Sum(length => (long)length)));

        var collections = GC.CollectionCount(0);
        var (savedAt, savedStep) = (Stopwatch.GetTimestamp(), progress.Step);
        void Save()
        {
            if (checkpoint is null) return;
            var began = Stopwatch.GetTimestamp();
            using (RunPhases.Begin(RunPhases.Save)) Checkpoint.Save(checkpoint, adapter, adamw, best, progress);
            (savedAt, savedStep) = (Stopwatch.GetTimestamp(), progress.Step);
            report(new RunEvent.CheckpointSaved(job.Stage, progress.Step, checkpoint, Stopwatch.GetElapsedTime(began).TotalSeconds));
        }
        try
        {
            while (true)
            {
                if (job.EvaluatesAfter(progress.Step) && progress.EvaluatedAt < progress.Step)
                {
                    progress = Evaluate(job, progress, best, report, cancel);
                    Save();
                    pace.Restart();
                }
                if (progress.Step >= job.Steps || progress.WorseInARow >= settings.EarlyStopping) break;

                var (epoch, group) = batches.At(progress.Step);
                var (loss, tokens) = Backward(job, progress.Step, group, cancel);
                var norm = adamw.ClipGradients(settings.MaxGradNorm);
                if (!double.IsFinite(loss) || !double.IsFinite(norm)) throw new DivergedException(job.Stage, progress.Step + 1, loss, norm);
                var factor = rate.At(progress.Step);
                var step = new OptimizerStep(progress.Step + 1, job.Steps, factor * settings.LearningRate);
                adapter.Tuning.BeforeStep(adapter.Parameters, step);
                var headRate = factor * (settings.ClassifierLearningRate ?? settings.LearningRate);
                adamw.Step(step.Number, adapter.Rates(step.Rate, headRate, factor));
                adapter.Tuning.AfterStep(adapter.Parameters, step);
                progress = progress with { Step = progress.Step + 1 };
                if (progress.Step % StepsPerCollection == 0)
                {
                    // If another thread never stops collecting, ours would wait indefinitely, and is not needed.
                    if (GC.CollectionCount(0) - collections < StepsPerCollection) GC.Collect();
                    collections = GC.CollectionCount(0);
                }
                pace.Step(tokens);
                report(new RunEvent.StepDone(job.Stage, progress.Step, job.Steps, epoch, loss, factor * settings.LearningRate, norm,
                    pace.TokensPerSecond, pace.SecondsPerStep * (job.Steps - progress.Step), pace.LastSeconds, tokens));
                if (Stopwatch.GetElapsedTime(savedAt) > CheckpointEvery) Save();
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Save();
            throw;
        }
        if (savedStep < progress.Step) Save();
        if (progress.Best is not null) Put(best, adapter.Parameters.Values);
        return progress;
    }

    /// <summary>Computes the gradients of the mean loss over one optimiser step, micro-batch by micro-batch.</summary>
    private static (double Loss, long Tokens) Backward(TrainingJob job, int step, int[][] group, CancellationToken cancel)
    {
        var terms = Math.Max(1, group.Sum(job.Train.TermsIn)); // without targets, 0/0 would be NaN
        var (total, tokens) = (0.0, 0L);
        foreach (var (micro, indices) in group.Index())
        {
            using var scope = NewDisposeScope();
            if (cancel.IsCancellationRequested)
            {
                job.Adapter.Parameters.Gradients.zero_(); // gradients of a partial step must not count in another
                cancel.ThrowIfCancellationRequested();
            }
            using var batch = job.Packs ? job.Train.Packed(indices, job.Model) : job.Train.Batch(indices, job.Model);
            job.Model.Masks.BeginPass(job.Settings.Seed, job.Stage.ToString(), (long)step * job.Settings.Accumulation + micro,
                job.Model.Device);
            try
            {
                var loss = job.Train.LossSum(job.Model, batch, indices).Over(terms); // ()
                loss.backward();
                total += loss.item<float>();
            }
            catch (ExternalException native) when (native.Message.Contains("memory", StringComparison.OrdinalIgnoreCase))
            {
                throw new RefusedInputException("training.batchSize",
                    $"a batch of {indices.Length} texts × {batch.Ids.shape[1]} tokens does not fit into memory: {MemoryEstimate.Advice}.");
            }
            tokens += batch.Tokens;
        }
        using var penalized = NewDisposeScope();
        job.Adapter.Tuning.Penalty(job.Adapter.Parameters)?.backward();          // (), not part of the loss that is reported
        return (total, tokens);
    }

    private static TrainingProgress Evaluate(TrainingJob job, TrainingProgress progress, Tensor best, Action<RunEvent> report,
        CancellationToken cancel)
    {
        using var phase = RunPhases.Begin(RunPhases.Evaluate);
        var (scores, mean) = Evaluation.ScoresOf(job.Model, job.Validation!, job.Task, job.Settings.BatchSize, cancel);
        if (!double.IsFinite(mean)) throw new DivergedException(job.Stage, progress.Step, mean, double.NaN); // before a checkpoint has it
        if (scores.Undefined is { } why && progress.History.All(earlier => earlier.Scores.Undefined is null))
            report(new RunEvent.Remark($"{scores.Primary} is undefined on the validation split: {why}. "
                + "Where it is, the lower loss picks the best evaluation."));
        var after = progress.With(new EvaluationAt(progress.Step, scores, mean), job.Adapter.Tuning.IsSettledAfter(progress.Step));
        var isBest = after.Best?.Step == progress.Step;
        if (isBest) Put(job.Adapter.Parameters.Values, best);
        report(new RunEvent.Evaluated(job.Stage, progress.Step, new Dictionary<string, double>(scores.Values) { ["loss"] = mean },
            scores.Primary, isBest));
        return after;
    }

    private static Tensor Copy(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.detach().clone().DetachFromDisposeScope();
    }

    private static void Put(Tensor from, Tensor to)
    {
        using var _ = no_grad();
        to.copy_(from);
    }

    /// <summary>The examples of each step: batches by length, in an order determined by seed and epoch.</summary>
    private sealed class EpochBatches(TrainingJob job)
    {
        private int _epoch = -1;
        private int[][] _batches = [];

        /// <summary>Fraction of padding among the tokens of the first epoch.</summary>
        public double PaddingShare => job.Packs ? 0 : Batches.PaddingShare(Of(0), job.Train.Lengths);

        /// <summary>The micro-batches of a step, from 0, and the number of epochs completed after it.</summary>
        public (double Epoch, int[][] Group) At(int step)
        {
            var (epoch, index) = Math.DivRem(step, job.StepsPerEpoch);
            var group = Of(epoch).Chunk(job.Settings.Accumulation).ElementAt(index);
            return (epoch + (index + 1.0) / job.StepsPerEpoch, group);
        }

        private int[][] Of(int epoch)
        {
            if (epoch != _epoch)
                (_epoch, _batches) = (epoch, job.Packs ? Batches.Random(job.Train.Count, job.Settings.BatchSize, job.Settings.Seed, epoch)
                : Batches.ByLength(job.Train.Lengths, job.Settings.BatchSize, job.Settings.Seed, epoch));
            return _batches;
        }
    }
}
