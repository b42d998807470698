using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class TrainingFacts : IDisposable
{
    private static readonly TrainingSettings Settings = new() { BatchSize = 4, Accumulation = 3, LearningRate = 5e-3, EvaluateEvery = 2 };
    private static readonly LabelledSet Train = TinyClassifier.Texts(26, 1), Validation = TinyClassifier.Texts(9, 2);

    private static readonly Lazy<(float[] Numbers, string Progress)> Undisturbed = new(() => Run(new(dropout: 0.1), null));

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]  // before anything
    [InlineData(2)]  // inside the first step
    [InlineData(3)]
    [InlineData(7)]  // while it evaluates
    [InlineData(8)]
    [InlineData(12)] // in the second epoch
    [InlineData(19)]
    [InlineData(27)] // in the last evaluation
        public void A_run_that_is_stopped_anywhere_and_goes_on_ends_with_the_same_bits(int pass)
    {
        var checkpoint = _folder.At("checkpoint.safetensors");
        Assert.ThrowsAny<OperationCanceledException>(() => Run(new(dropout: 0.1), checkpoint, cancelAt: pass));
        AssertSame(Undisturbed.Value, Run(new(dropout: 0.1), checkpoint));
    }

    [Fact]
    public void A_run_that_is_stopped_again_and_again_ends_with_the_same_bits()
    {
        var (checkpoint, stops) = (_folder.At("checkpoint.safetensors"), 0);
        while (true)
        {
            try
            {
                AssertSame(Undisturbed.Value, Run(new(dropout: 0.1), checkpoint, cancelAt: 5));
                break;
            }
            catch (OperationCanceledException)
            {
                Assert.True(++stops < 30, "the run does not get on");
            }
        }
        Assert.True(stops > 3, "the run was not stopped");
    }

    [Fact]
    public void A_run_that_goes_on_keeps_its_schedule()
    {
        var checkpoint = _folder.At("checkpoint.safetensors");
        var settings = Settings with { Schedule = RateSchedule.Cosine };
        var (undisturbed, stopped) = (new List<double>(), new List<double>());
        Train(null, undisturbed, int.MaxValue);
        Assert.ThrowsAny<OperationCanceledException>(() => Train(checkpoint, stopped, cancelAt: 4));
        Train(checkpoint, stopped, int.MaxValue);
        Assert.Equal(undisturbed, stopped);
        Assert.Equal([.. Enumerable.Range(0, 9).Select(step => settings.LearningRate * LearningRate.Of(settings, 9).At(step))],
            undisturbed);

        void Train(string? checkpoint, List<double> rates, int cancelAt)
        {
            using var tiny = new TinyClassifier();
            using var stop = new CancellationTokenSource();
            TrainingLoop.Run(tiny.Job(TrainingFacts.Train, Validation, settings, 9), checkpoint, happened =>
            {
                if (happened is not RunEvent.StepDone done) return;
                rates.Add(done.LearningRate);
                if (done.Step == cancelAt) stop.Cancel();
            }, stop.Token);
        }
    }

    [Fact]
    public void A_checkpoint_of_the_other_stage_is_not_gone_on_from()
    {
        var checkpoint = _folder.At("checkpoint.safetensors");
        using (var tiny = new TinyClassifier()) TrainingLoop.Run(tiny.Job(Train, Validation, Settings,
            2) with { Stage = Stage.ImportanceEvaluation }, checkpoint, _ => { }, CancellationToken.None);
        AssertSame(Undisturbed.Value, Run(new(dropout: 0.1), checkpoint));
    }

    [Fact]
    public void Weights_that_are_no_numbers_end_the_run_with_the_step_and_leave_the_last_checkpoint()
    {
        using var tiny = new TinyClassifier();
        var checkpoint = _folder.At("checkpoint.safetensors");
        byte[] saved = [];
        var diverged = Assert.Throws<DivergedException>(() =>
            TrainingLoop.Run(tiny.Job(Train, Validation, Settings, 9), checkpoint, happened =>
        {
            if (happened is RunEvent.CheckpointSaved) saved = File.ReadAllBytes(checkpoint);
            if (happened is RunEvent.StepDone { Step: 3 }) Fill(tiny.Adapter, float.PositiveInfinity);
        }, CancellationToken.None));
        Assert.Equal((Stage.TaskAdaptation, 4), (diverged.Stage, diverged.Step));
        Assert.Equal(saved, File.ReadAllBytes(checkpoint));
        Assert.Equal(2, Checkpoint.ProgressOf(checkpoint).Step);
    }

    [Fact]
    public void A_learning_rate_beyond_all_reason_diverges()
    {
        using var tiny = new TinyClassifier();
        Assert.Throws<DivergedException>(() =>
            TrainingLoop.Run(tiny.Job(Train, null, Settings with { LearningRate = 1e10 }, 9), null, _ => { }, CancellationToken.None));
    }

    [Fact]
    public void Evaluations_that_get_no_better_end_the_run_early()
    {
        using var tiny = new TinyClassifier();
        var settings = Settings with { LearningRate = 1e-12, EarlyStopping = 2 };
        var progress = TrainingLoop.Run(tiny.Job(Train, Validation, settings, 100), null, _ => { }, CancellationToken.None);
        Assert.Equal([2, 4, 6], progress.History.Select(evaluation => evaluation.Step));
        Assert.Equal((6, 2), (progress.Step, progress.Best!.Step));
    }

    [Fact]
    public void In_the_end_the_adapter_holds_the_numbers_of_the_best_evaluation()
    {
        using var tiny = new TinyClassifier();
        var before = tiny.Numbers;
        var predicted = Evaluation.Of(tiny.Model, Train, 4, CancellationToken.None).Logits.Select(logits =>
            (double)Evaluation.ArgMax(logits)).ToArray();
        LabelledSet already = Train with { Labels = predicted }, other = Train with { Labels = [.. predicted.Select(p => (p + 1) % 3)] };

        // The first step has a rate of 0, so the first evaluation is perfect; from then on everything is unlearned.
        var progress = TrainingLoop.Run(tiny.Job(other, already, Settings with { EvaluateEvery = 1 }, 30), null, _ => { },
            CancellationToken.None);
        Assert.Equal(1, progress.Best!.Step);
        Assert.True(progress.History[^1].Scores.PrimaryValue < 1, "nothing was unlearned");
        Assert.Equal(before, tiny.Numbers);
    }

    [Fact]
    public void Accumulating_two_batches_is_one_batch_of_twice_the_size()
    {
        float[] Trained(int batchSize, int accumulation)
        {
            using var tiny = new TinyClassifier();
            var settings = Settings with { BatchSize = batchSize, Accumulation = accumulation, LearningRate = 1e-3 };
            TrainingLoop.Run(tiny.Job(TinyClassifier.Texts(8, 3), null, settings, 5), null, _ => { }, CancellationToken.None);
            return tiny.Numbers;
        }
        Assert.All(Trained(8, 1).Zip(Trained(4, 2)), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }

    [Fact]
    public void Training_lowers_the_loss()
    {
        using var tiny = new TinyClassifier();
        var losses = new List<double>();
        TrainingLoop.Run(tiny.Job(Train, null, Settings, 40), null, happened => { if (happened is RunEvent.StepDone step)
            losses.Add(step.Loss); }, CancellationToken.None);
        Assert.True(losses.TakeLast(5).Average() < 0.7 * losses.Take(5).Average(),
            $"from {losses.Take(5).Average():g3} to {losses.TakeLast(5).Average():g3}");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    public void A_checkpoint_whose_progress_cannot_be_read_is_refused(string progress)
    {
        var path = _folder.At("checkpoint.safetensors");
        SafeTensorsWriter.Write(path, new Dictionary<string, Tensor>(), new Dictionary<string, string> { ["progress"] = progress });
        Assert.Equal(path, Assert.Single(Assert.Throws<RefusedInputException>(() => Checkpoint.ProgressOf(path)).Faults).Path);
    }

    /// <summary>Three epochs with dropout, accumulation and evaluations; stopped as the given forward pass begins.</summary>
    private static (float[] Numbers, string Progress) Run(TinyClassifier tiny, string? checkpoint, int cancelAt = int.MaxValue)
    {
        using (tiny)
        {
            using var stop = new CancellationTokenSource();
            var passes = 0;
            tiny.Adapter.Sites[0].Linear.Observer = _ => { if (++passes == cancelAt) stop.Cancel(); };
            var progress = TrainingLoop.Run(tiny.Job(Train, Validation, Settings, 9), checkpoint, _ => { }, stop.Token);
            return (tiny.Numbers, JsonText.Of(progress));
        }
    }

    private static void AssertSame((float[] Numbers, string Progress) expected, (float[] Numbers, string Progress) actual)
    {
        Assert.Equal(expected.Progress, actual.Progress);
        Assert.True(expected.Numbers.SequenceEqual(actual.Numbers), "the trained numbers differ");
    }

    private static void Fill(Adapter adapter, float value)
    {
        using var _ = no_grad();
        adapter.Parameters.Values.Fill_(value);
    }
}
