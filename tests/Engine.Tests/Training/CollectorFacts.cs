using System.Diagnostics;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>What libtorch reads, a number or a tensor, has an owner until it has been read, whenever the garbage collector comes.</summary>
[Collection(CollectsHalfOfTheTime.Name)]
public sealed class CollectorFacts
{
    private const int Steps = 200; // of each model

    private static readonly TrainingSettings Settings = new() { BatchSize = 4, LearningRate = 1e-3, MaxGradNorm = 0.5 };

    [Fact]
    public void A_classifier_trains_to_the_same_bits_while_another_thread_collects_half_of_the_time() => AssertUndisturbed(() =>
    {
        using var tiny = new TinyClassifier(dropout: 0.1);
        TrainingLoop.Run(tiny.Job(TinyClassifier.Texts(26, 1), null, Settings, Steps), null, _ => { }, CancellationToken.None);
        return tiny.Numbers;
    });

    [Fact]
    public void A_decoder_trains_to_the_same_bits_while_another_thread_collects_half_of_the_time() => AssertUndisturbed(() =>
    {
        using var model = TinyDecoder.Model();
        using var adapter = TinyDecoder.Adapter(model);
        var texts = TinyDecoder.Texts(9, 5, 12, 7, 10, 6);
        var set = new TargetSet(texts, [.. texts.Select(text => Enumerable.Range(2, text.Ids.Length - 2).ToArray())]);
        var task = new TaskSettings { Kind = TaskKind.Generation, Metric = Metric.Perplexity };
        var job = new TrainingJob(Stage.TaskAdaptation, model, adapter, set, null, task, Settings, Steps);
        TrainingLoop.Run(job, null, _ => { }, CancellationToken.None);
        return adapter.Parameters.Values.data<float>().ToArray();
    });

    private static void AssertUndisturbed(Func<float[]> train)
    {
        var threads = get_num_threads();
        set_num_threads(1); // small tensors gain nothing from a second one, which the collecting thread would keep from its core
        try
        {
            var expected = train();
            float[] disturbed;
            using (new Collector()) disturbed = train();
            Assert.True(expected.AsSpan().SequenceEqual(disturbed), "the trained numbers differ");
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    /// <summary>Collects what has just been made, again and again, until it is disposed of.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _stop;

        public Collector()
        {
            _thread = new(() =>
            {
                while (!_stop)
                {
                    var begun = Stopwatch.GetTimestamp();
                    GC.Collect(0);
                    var took = Stopwatch.GetElapsedTime(begun);
                    // As long again for the training, which collections without any pause bring to a standstill.
                    while (Stopwatch.GetElapsedTime(begun) < 2 * took) Thread.SpinWait(10);
                }
            }) { IsBackground = true };
            _thread.Start();
        }

        public void Dispose()
        {
            _stop = true;
            _thread.Join();
        }
    }
}

/// <summary>Runs after all other tests, which it would slow down.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CollectsHalfOfTheTime
{
    public const string Name = "collects half of the time";
}
