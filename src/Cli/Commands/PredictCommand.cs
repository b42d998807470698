using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Predicts labels for texts.</summary>
internal sealed class PredictCommand : AdapterCommand
{
    private readonly Option<string?> _text =
        new("--text") { Description = "A text (default: texts from standard input, one per line, pairs separated by a tab)" };
    private readonly Option<string?> _pair = new("--text-pair") { Description = "The second text of a pair" };

    public PredictCommand() : base("predict", "Predict labels for texts")
    {
        Add(_text);
        Add(_pair);
    }

    protected override void Run(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel)
    {
        if (options.GetValue(_pair) is not null && options.GetValue(_text) is null)
            throw new RefusedInputException("--text-pair", "requires --text, the first text of the pair");
        var texts = options.GetValue(_text) is { } text ? [(text, options.GetValue(_pair))] : Lines().ToArray();
        foreach (var chunk in texts.Chunk(256))
        {
            var model = trained.Classifier;
            var set = new LabelledSet([.. chunk.Select(t => trained.Encoder.Encode(t.Item1, t.Item2))], new double[chunk.Length]);
            var logits = Evaluation.Of(model, set, 32, cancel).Logits;
            foreach (var (row, t) in chunk.Index()) Write(session, trained.Task, t.Item1, t.Item2, logits[row]);
        }
    }

    private static IEnumerable<(string, string?)> Lines()
    {
        while (Console.In.ReadLine() is { } line)
        {
            if (line.Length == 0) continue;
            var tab = line.IndexOf('\t');
            yield return tab < 0 ? (line, null) : (line[..tab], line[(tab + 1)..]);
        }
    }

    private static void Write(Session session, TaskSettings task, string text, string? pair, float[] logits)
    {
        var best = Evaluation.ArgMax(logits);
        var label = task.Kind == TaskKind.Regression ? $"{logits[0]:0.000}" : task.Labels![best];
        session.Say(task.Kind == TaskKind.Regression ? label : $"{label}\t{Evaluation.Probability(logits, best):0.000}");
        if (task.Kind == TaskKind.Regression) session.Tell(new { Event = "prediction", Text = text, TextPair = pair, Score = logits[0] });
        else
            session.Tell(new { Event = "prediction", Text = text, TextPair = pair, Label = label,
                Probabilities = task.Labels!.Index().ToDictionary(l => l.Item, l => Evaluation.Probability(logits, l.Index)) });
    }
}
