using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>What a model predicts for a set: the logits of every text, in the order of the set.</summary>
/// <param name="Logits">Per text, one number per class.</param>
/// <param name="Loss">Mean loss over the set.</param>
public sealed record Evaluation(IReadOnlyList<float[]> Logits, double Loss)
{
    /// <summary>Predicts a set without dropout or gradients; texts of like length share a batch.</summary>
    public static Evaluation Of(SequenceClassifier model, EncodedSet set, int batchSize, CancellationToken cancel)
    {
        using var _ = no_grad();
        model.Masks.Off();
        var logits = new float[set.Count][];
        var loss = 0.0;
        foreach (var indices in Batches.LongestFirst(set.Lengths, batchSize))
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = set.Batch(indices, model);
            var rows = model.Forward(batch);                                     // (B, C)
            loss += set.LossSum(rows, indices).item<float>();
            var numbers = rows.cpu().data<float>().ToArray();
            foreach (var (row, index) in indices.Index()) logits[index] = numbers[(row * model.Classes)..((row + 1) * model.Classes)];
        }
        return new(logits, loss / Math.Max(1, set.Count));
    }

    /// <summary>Holds the predictions against the set's labels.</summary>
    public Scores ScoresOf(EncodedSet set, TaskSettings task) => task.Kind switch
    {
        TaskKind.Classification => Scores.Of(task, [.. set.Labels.Select(l => (int)l)], [.. Logits.Select(ArgMax)]),
        TaskKind.Regression => Scores.Of(task, set.Labels, [.. Logits.Select(l => (double)l[0])]),
    };

    /// <summary>The class with the largest logit; of equals the first.</summary>
    public static int ArgMax(float[] logits) => Array.IndexOf(logits, logits.Max());
}
