using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Scores the adapter of a finished job on another registered dataset.</summary>
internal sealed class EvaluateJobCommand : JobCommand
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    private readonly Option<string> _dataset = new("--dataset") { Description = "Name or id of a registered dataset", Required = true };
    private readonly Option<string?> _split = new("--split") { Description = "train, validation or test (validation)" };
    private readonly Option<bool> _base = new("--base") { Description = "Score with the adapter switched off, too" };

    public EvaluateJobCommand() : base("evaluate", "Score a finished job's adapter on another dataset")
    {
        foreach (var option in (Option[])[_dataset, _split, _base]) Add(option);
    }

    protected override string WhenStopped => "the evaluation continues at the service";

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var request = new EvaluationRequest(options.GetValue(_dataset)!, options.GetValue(_split) ?? SplitSummary.Validation,
            options.GetValue(_base));
        var evaluation = await service.EvaluateAsync(job, JsonSerializer.Serialize(request, ApiJson.Options), cancel);
        while (!JobMoves.IsEnd(evaluation.Value.Status))
        {
            await Task.Delay(Between, cancel);
            evaluation = await service.EvaluationAsync(job, evaluation.Value.Id, cancel);
        }
        terminal.TellJson(evaluation.Json);
        if (evaluation.Value.Error is { } error)
        {
            Failure.Write(terminal.Json, error.Code, error.Faults ?? [new("evaluation", error.Message)]);
            return ExitCode.Of(error.Code);
        }
        if (!terminal.Json) Write(evaluation.Value, terminal, service);
        return ExitCode.Done;
    }

    private static void Write(EvaluationView evaluation, Terminal terminal, ServiceClient service)
    {
        var result = evaluation.Result!;
        foreach (var remark in result.Remarks) terminal.Note(remark);
        string? Shown(ModelScores? scores, string name) =>
            (name == "loss" ? scores?.Loss : scores?.Scores.TryGetValue(name, out var score) == true ? score : null)
                ?.ToString("0.0000", CultureInfo.InvariantCulture);
        string[] heads = result.Base is null ? ["score", ">adapter"] : ["score", ">adapter", ">base"];
        PlainTable.Write(terminal.Console, heads, result.Adapter.Scores.Keys.Append("loss").Select(name => (IReadOnlyList<string?>)
            (result.Base is null ? [name, Shown(result.Adapter, name)] : [name, Shown(result.Adapter, name), Shown(result.Base, name)])));
        foreach (var file in evaluation.Files) terminal.Say($"{ServiceAddress.Shown(service.Address)}{file.Href}");
    }
}
