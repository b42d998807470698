using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Training;

/// <summary>A model's predictions for a set: the logits of every text, in the set's order.</summary>
/// <param name="Logits">Per text, one number per class.</param>
/// <param name="Loss">Mean loss over the set.</param>
public sealed record Evaluation(IReadOnlyList<float[]> Logits, double Loss)
{
    /// <summary>Predicts a set without dropout or gradients; texts of similar length share a batch.</summary>
    public static Evaluation Of(SequenceClassifier model, LabelledSet set, int batchSize, CancellationToken cancel)
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

    /// <summary>Scores a set of either kind, and returns its mean loss.</summary>
    public static (Scores Scores, double Loss) ScoresOf(FrozenModel model, EncodedSet set, TaskSettings task, int batchSize,
        CancellationToken cancel)
    {
        if (set is LabelledSet labelled)
        {
            var evaluation = Of((SequenceClassifier)model, labelled, batchSize, cancel);
            return (evaluation.ScoresOf(labelled, task), evaluation.Loss);
        }
        var loss = MeanLoss(model, set, batchSize, cancel);
        return (Scores.OfLoss(loss), loss);
    }

    /// <summary>The mean loss over a set, without dropout or gradients.</summary>
    private static double MeanLoss(FrozenModel model, EncodedSet set, int batchSize, CancellationToken cancel)
    {
        using var _ = no_grad();
        model.Masks.Off();
        var (loss, terms) = (0.0, 0L);
        foreach (var indices in Batches.LongestFirst(set.Lengths, batchSize))
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = set.Batch(indices, model);
            loss += set.LossSum(model, batch, indices).item<float>();
            terms += set.TermsIn(indices);
        }
        return loss / Math.Max(1, terms);
    }

    /// <summary>Scores the predictions against the set's labels.</summary>
    public Scores ScoresOf(LabelledSet set, TaskSettings task) => task.Kind switch
    {
        TaskKind.Classification => Scores.Of(task, [.. set.Labels.Select(l => (int)l)], [.. Logits.Select(ArgMax)]),
        TaskKind.Regression => Scores.Of(task, set.Labels, [.. Logits.Select(l => (double)l[0])]),
        TaskKind.Generation => throw new ArgumentException("A text is no class."),
    };

    /// <summary>The probability of a class.</summary>
    public static double Probability(float[] logits, int of) => 1 / logits.Sum(logit => Math.Exp(logit - logits[of]));

    /// <summary>The class with the largest logit; the first on ties.</summary>
    public static int ArgMax(float[] logits) => Array.IndexOf(logits, logits.Max());
}
