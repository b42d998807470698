using System.CommandLine;
using LoraDrop.Engine;

namespace LoraDrop.Cli;

/// <summary>Scores a trained adapter on a labelled file.</summary>
internal sealed class EvaluateCommand : EngineCommand
{
    private readonly Argument<string> _adapter = new("adapter") { Description = "The adapter folder of a run (<run>/adapter)" };
    private readonly Option<string> _data = new("--data") { Description = "A labelled file (.jsonl, .csv, .tsv, .parquet)", Required = true };
    private readonly Option<string?> _model = new("--model") { Description = "The base model's folder, if it is no longer where the run found it" };
    private readonly Option<int> _batch = Whole("--batch-size", "Texts in a batch", 65536, 32);

    public EvaluateCommand() : base("evaluate", "Score a trained adapter on a labelled file")
    {
        Add(_adapter);
        Add(_data);
        Add(_model);
        Add(_batch);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        using var trained = TrainedAdapter.Open(options.GetValue(_adapter)!, options.GetValue(_model), session.Device);
        var data = Dataset.Read(options.GetValue(_data)!, trained.Task);
        var set = trained.Encode(data);
        var evaluation = Evaluation.Of(trained.Model, set, options.GetValue(_batch), cancel);
        var scores = evaluation.ScoresOf(set, trained.Task);
        session.Tell(new { Event = "evaluated", data.File, Rows = set.Count, evaluation.Loss, scores.Primary, Scores = scores.Values });
        foreach (var (metric, value) in scores.Values.Append(KeyValuePair.Create("loss", evaluation.Loss))) session.Say($"{metric,-10} {value:0.0000}");
    }
}
