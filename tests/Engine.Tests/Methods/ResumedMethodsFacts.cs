using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Methods whose steps depend on more than the trained numbers and the optimiser.</summary>
public sealed class ResumedMethodsFacts : IDisposable
{
    private const int Steps = 9;

    private static readonly TrainingSettings Training = new() { BatchSize = 4, LearningRate = 5e-3, EvaluateEvery = 2 };
    private static readonly LabelledSet Train = TinyClassifier.Texts(16, 1), Validation = TinyClassifier.Texts(9, 2);

    private static readonly Dictionary<string, MethodSettings> Settings = new()
    {
        ["adalora"] = new AdaLoraSettings { Rank = 4, TargetRank = 2, Tinit = 2, Tfinal = 3, DeltaT = 2, Dropout = 0.1 },
        ["s2-lora"] = new S2LoraSettings { Rank = 4, Dropout = 0.1 },
        ["prompt-tuning"] = new PromptTuningSettings { Tokens = 3 },
        ["p-tuning lstm"] = new PTuningSettings { Tokens = 3, Width = 4, Encoder = PromptEncoderKind.Lstm },
        ["prefix-tuning"] = new PrefixTuningSettings { Tokens = 3, Projection = 5 },
        ["diff-pruning"] = new DiffPruningSettings { Keep = 0.1, Lambda = 1e-5 },
        ["hifi"] = new HiFiSettings { Fraction = 0.5, Texts = 6 },
        ["lora-fa"] = new LoraFaSettings { Rank = 4, Dropout = 0.1 },
        ["sparse-adapter snip"] = new SparseAdapterSettings { Rank = 4, WarmupSteps = 3, Dropout = 0.1 },
        ["sparse-adapter magnitude"] = new SparseAdapterSettings { Rank = 4, WarmupSteps = 3, Criterion = SparseCriterion.Magnitude },
        ["sparse-adapter random"] = new SparseAdapterSettings { Rank = 4, WarmupSteps = 3, Criterion = SparseCriterion.Random },
    };

    private static readonly Dictionary<string, Ended> Undisturbed = [];

    private readonly TestFolder _folder = new();

    public static TheoryData<string, int> Stops =>
        [.. from method in Settings.Keys from step in Enumerable.Range(1, Steps - 1) select (method, step)];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Stops))]
    public void Training_that_is_stopped_after_any_step_and_goes_on_ends_with_the_same_bits(string method, int step)
    {
        var checkpoint = _folder.At("checkpoint.safetensors");
        if (!Undisturbed.TryGetValue(method, out var expected)) Undisturbed[method] = expected = Run(method, null);
        Assert.ThrowsAny<OperationCanceledException>(() => Run(method, checkpoint, step));
        Assert.Equal(step, Checkpoint.ProgressOf(checkpoint).Step);
        var actual = Run(method, checkpoint);
        Assert.Equal(expected.Progress, actual.Progress);
        Assert.Equal(expected.Counts, actual.Counts);
        Assert.Equal(expected.Numbers, actual.Numbers);
        Assert.Equal(expected.State, actual.State);
    }

    private static Ended Run(string method, string? checkpoint, int stopAt = int.MaxValue)
    {
        using var tiny = new TinyClassifier(dropout: 0.1, method: Settings[method]);
        using var stop = new CancellationTokenSource();
        var progress = TrainingLoop.Run(tiny.Job(Train, Validation, Training, Steps), checkpoint, happened =>
        {
            if (happened is RunEvent.StepDone done && done.Step == stopAt) stop.Cancel();
        }, stop.Token);
        return new(tiny.Numbers, JsonText.Of(progress), tiny.Adapter.Counts,
            tiny.Adapter.Tuning.State.ToDictionary(state => state.Key, state => state.Value.data<float>().ToArray()));
    }

    private sealed record Ended(float[] Numbers, string Progress, ParameterCounts Counts, Dictionary<string, float[]> State);
}
