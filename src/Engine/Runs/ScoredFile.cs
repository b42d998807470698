using System.Text;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>A labelled file on which an adapter is scored.</summary>
public abstract class ScoredFile
{
    private protected ScoredFile(string file, int rows, IReadOnlyList<string> remarks) => (File, Rows, Remarks) = (file, rows, remarks);

    /// <summary>The file's name.</summary>
    public string File { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Remarks for the user on how the file was read.</summary>
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>Reads a file as the adapter's task does.</summary>
    /// <exception cref="RefusedInputException">With the first twenty faults, each with its row and column.</exception>
    public static ScoredFile Read(string path, TrainedAdapter trained) =>
        trained.Task.Kind == TaskKind.Generation ? Prompted.Of(path, trained) : Labelled.Of(path, trained);

    /// <summary>Scores the model as it is, with the adapter or with the adapter switched off.</summary>
    /// <param name="batchSize">Texts in a batch.</param>
    /// <param name="cancel">Stops between two batches or tokens.</param>
    public abstract FileScores Score(int batchSize, CancellationToken cancel);

    /// <summary>Texts with classes or numbers.</summary>
    private sealed class Labelled(Dataset data, TrainedAdapter trained) : ScoredFile(data.File, data.Examples.Count, data.Remarks)
    {
        private readonly LabelledSet _set = trained.Encode(data);

        public static Labelled Of(string path, TrainedAdapter trained) => new(Dataset.Read(path, trained.Task), trained);

        public override FileScores Score(int batchSize, CancellationToken cancel)
        {
            var evaluation = Evaluation.Of(trained.Classifier, _set, batchSize, cancel);
            return new(evaluation.ScoresOf(_set, trained.Task), evaluation.Loss, LinesOf(evaluation));
        }

        private string LinesOf(Evaluation evaluation)
        {
            var lines = new StringBuilder();
            foreach (var (row, logits) in evaluation.Logits.Index())
            {
                var (example, labels) = (data.Examples[row], trained.Task.Labels);
                object line = labels is null
                    ? new { Text = example.First, TextPair = example.Second, Score = example.Label, Predicted = (double)logits[0] }
                    : new
                    {
                        Text = example.First, TextPair = example.Second, Label = labels[example.Class],
                        Predicted = labels[Evaluation.ArgMax(logits)],
                        Probabilities = labels.Index().ToDictionary(l => l.Item, l => Evaluation.Probability(logits, l.Index)),
                    };
                lines.Append(JsonSerializer.Serialize(line, JsonText.Compact)).Append('\n');
            }
            return lines.ToString();
        }
    }

    /// <summary>Prompts with answers.</summary>
    private sealed class Prompted(PromptFile read, PromptFile file, TargetSet set, IReadOnlyList<string> remarks, TrainedAdapter trained)
        : ScoredFile(file.File, file.Prompts.Count, [.. read.AllRemarks, .. remarks, .. set.Remarks])
    {
        /// <summary>Samples as a run does that does not name a seed.</summary>
        private const long Seed = 42;

        public static Prompted Of(string path, TrainedAdapter trained)
        {
            var (read, remarks) = (PromptFile.Read(path, trained.Task), new List<string>());
            var file = trained.Prompts.Fitted(read, remarks);
            return new(read, file, trained.Prompts.Encode(file.Prompts, out _), remarks, trained);
        }

        /// <summary>Perplexity of the references, and scores of generated answers.</summary>
        public override FileScores Score(int batchSize, CancellationToken cancel)
        {
            var (ofLoss, loss) = Evaluation.ScoresOf(trained.Model, set, trained.Task, batchSize, cancel);
            var decoding = trained.Task.Decoding!;
            var prompts = trained.Prompts.Asked(file.Prompts);
            var answers = Answers.Of(trained.LanguageModel, trained.Prompts, decoding.Rows is { } rows ? [.. prompts.Take(rows)] : prompts,
                decoding, Seed, cancel);
            var scores = answers.Items.Count > 0 ? answers.ScoresBy(trained.Task.Metric) : ofLoss;
            var all = ofLoss.Values.Concat(scores.Values).DistinctBy(score => score.Key).ToDictionary();
            return new(scores with { Values = all }, loss, answers.ToJsonLines()) { Prompts = answers.Items.Count,
                Remark = answers.Remark };
        }
    }
}

/// <summary>How a model scored on a file.</summary>
/// <param name="Scores">The scores of the task.</param>
/// <param name="Loss">Mean loss.</param>
/// <param name="Predictions">A JSON object per line: each row, or prompt, with the model's answer.</param>
public sealed record FileScores(Scores Scores, double Loss, string Predictions)
{
    /// <summary>Number of prompts that were answered; null unless the task is generation.</summary>
    public int? Prompts { get; init; }

    /// <summary>A remark on how the answers were generated, or null.</summary>
    public string? Remark { get; init; }
}
