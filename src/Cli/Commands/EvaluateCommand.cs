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
        if (trained.Task.Kind == TaskKind.Generation)
        {
            Answer(options, trained, session, cancel);
            return;
        }
        var data = Dataset.Read(options.GetValue(_data)!, trained.Task);
        foreach (var said in data.Remarks) session.Note(said);
        var set = trained.Encode(data);
        var evaluation = Evaluation.Of(trained.Classifier, set, options.GetValue(_batch), cancel);
        var scores = evaluation.ScoresOf(set, trained.Task);
        session.Tell(new { Event = "evaluated", data.File, Rows = set.Count, evaluation.Loss, scores.Primary, Scores = scores.Values });
        foreach (var (metric, value) in scores.Values.Append(KeyValuePair.Create("loss", evaluation.Loss)))
            session.Say($"{metric,-10} {value:0.0000}");
    }

    /// <summary>Perplexity of the references, and scores of generated answers.</summary>
    private void Answer(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel)
    {
        if (options.GetValue(_answers) is { } taken && File.Exists(taken))
            throw new RefusedInputException("--answers", $"{taken} already exists");
        var remarks = new List<string>();
        var read = PromptFile.Read(options.GetValue(_data)!, trained.Task);
        var file = trained.Prompts.Fitted(read, remarks);
        var set = trained.Prompts.Encode(file.Prompts, out _);
        foreach (var told in read.AllRemarks.Concat(remarks).Concat(set.Remarks)) session.Note(told);
        var loss = Evaluation.ScoresOf(trained.Model, set, trained.Task, options.GetValue(_batch), cancel);
        var decoding = trained.Task.Decoding!;
        var prompts = trained.Prompts.Asked(file.Prompts);
        var answers = Answers.Of(trained.LanguageModel, trained.Prompts, decoding.Rows is { } rows ? [.. prompts.Take(rows)] : prompts,
            decoding, 42, cancel);
        if (answers.Remark is { } remark) session.Note(remark);
        if (options.GetValue(_answers) is { } path) WholeFile.WriteText(path, answers.ToJsonLines());
        var scores = answers.Items.Count > 0 ? answers.ScoresBy(trained.Task.Metric) : loss.Scores;
        var all = loss.Scores.Values.Concat(scores.Values).DistinctBy(score => score.Key).ToDictionary();
        session.Tell(new { Event = "evaluated", file.File, Rows = file.Prompts.Count, Prompts = answers.Items.Count, loss.Loss,
            scores.Primary, Scores = all });
        foreach (var (metric, value) in all.Append(KeyValuePair.Create("loss", loss.Loss))) session.Say($"{metric,-12} {value:0.0000}");
    }
}
