using System.CommandLine;
using LoraDrop.Engine;

namespace LoraDrop.Cli;

/// <summary>Scores a trained adapter on a labelled file.</summary>
internal sealed class EvaluateCommand : AdapterCommand
{
    private readonly Option<string> _data = new("--data") { Description = "A labelled file (.jsonl, .csv, .tsv, .parquet)", Required = true };
    private readonly Option<int> _batch = Whole("--batch-size", "Texts in a batch", 65536, 32);

    public EvaluateCommand() : base("evaluate", "Score a trained adapter on a labelled file")
    {
        Add(_data);
        Add(_batch);
    }

    protected override void Run(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel)
    {
        var data = Dataset.Read(options.GetValue(_data)!, trained.Task);
        var set = trained.Encode(data);
        var evaluation = Evaluation.Of(trained.Model, set, options.GetValue(_batch), cancel);
        var scores = evaluation.ScoresOf(set, trained.Task);
        session.Tell(new { Event = "evaluated", data.File, Rows = set.Count, evaluation.Loss, scores.Primary, Scores = scores.Values });
        foreach (var (metric, value) in scores.Values.Append(KeyValuePair.Create("loss", evaluation.Loss))) session.Say($"{metric,-10} {value:0.0000}");
    }
}
