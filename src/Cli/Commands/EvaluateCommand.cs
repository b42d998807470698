using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Scores a trained adapter on a labelled file.</summary>
internal sealed class EvaluateCommand : AdapterCommand
{
    private readonly Option<string> _data = new(
        "--data") { Description = "A labelled file (.jsonl, .json, .csv, .tsv, .txt, each also with .gz, or .parquet)", Required = true };
    private readonly Option<int> _batch = Whole("--batch-size", "Texts in a batch", 65536, 32);
    private readonly Option<string?> _answers = new("--answers") { Description = "Generation: a new file for the answers (.jsonl)" };

    public EvaluateCommand() : base("evaluate", "Score a trained adapter on a labelled file")
    {
        Add(_data);
        Add(_batch);
        Add(_answers);
    }

    protected override void Run(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel)
    {
        var generates = trained.Task.Kind == TaskKind.Generation;
        if (generates && options.GetValue(_answers) is { } taken && File.Exists(taken))
            throw new RefusedInputException("--answers", $"{taken} already exists");
        var file = ScoredFile.Read(options.GetValue(_data)!, trained);
        foreach (var remark in file.Remarks) session.Note(remark);
        var scored = file.Score(options.GetValue(_batch), cancel);
        if (scored.Remark is { } told) session.Note(told);
        if (generates && options.GetValue(_answers) is { } path) WholeFile.WriteText(path, scored.Predictions);
        var (scores, loss) = (scored.Scores, scored.Loss);
        session.Tell(scored.Prompts is { } prompts
            ? (object)new
            {
                Event = "evaluated", file.File, file.Rows, Prompts = prompts, Loss = loss, scores.Primary, Scores = scores.Values,
            }
            : new { Event = "evaluated", file.File, file.Rows, Loss = loss, scores.Primary, Scores = scores.Values });
        foreach (var (metric, value) in scores.Values.Append(KeyValuePair.Create("loss", loss)))
            session.Say(generates ? $"{metric,-12} {value:0.0000}" : $"{metric,-10} {value:0.0000}");
    }
}
