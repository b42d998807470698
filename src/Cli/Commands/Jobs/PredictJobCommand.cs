using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Answers texts with the adapter of a finished job.</summary>
internal sealed class PredictJobCommand : JobCommand
{
    private readonly Option<string[]> _text = new("--text")
    {
        Description = "A text, prompt or user's message; may be repeated (default: one per line of standard input)",
    };
    private readonly Option<string[]> _row = OptionRules.Pairs("--row",
        "A column of a row, instead of texts; repeat it for each column that the task reads", "--row sentence1=…");
    private readonly Option<bool> _base = new("--base") { Description = "Answer with the adapter switched off, too" };
    private readonly Option<bool> _stream = new("--stream") { Description = "Generation: write the text while it is generated" };
    private readonly Option<int?> _tokens = new("--max-new-tokens") { Description = "Maximum tokens per answer (default: as in training)" };
    private readonly Option<int?> _beams = new("--beams") { Description = "Beams of the search (default: as in training)" };
    private readonly Option<double?> _temperature = new("--temperature") { Description = "Sampling temperature; 0: the likeliest token" };
    private readonly Option<double?> _topP = new("--top-p") { Description = "Sample from tokens that reach this probability together" };
    private readonly Option<int?> _topK = new("--top-k") { Description = "Sample from this many of the likeliest tokens" };
    private readonly Option<string[]> _stop = new("--stop") { Description = "Text that ends an answer; may be repeated" };
    private readonly Option<long?> _seed = new("--seed") { Description = "Seed for sampling (42)" };

    public PredictJobCommand() : base("predict", "Answer texts with a finished job's adapter")
    {
        foreach (var option in (Option[])[_text, _row, _base, _stream, _tokens, _beams, _temperature, _topP, _topK, _stop, _seed])
            Add(option);
        Validators.Add(command =>
        {
            if (command.GetResult(_text) is not null && command.GetResult(_row) is not null)
                command.AddError("--row does not go with --text: give one of them");
        });
    }

    protected override string WhenStopped => "the service stops the prediction";

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var request = JsonSerializer.Serialize(RequestOf(options), ApiJson.Options);
        if (options.GetValue(_stream)) return await StreamAsync(job, request, terminal, service, cancel);
        var answers = await service.PredictAsync(job, request, cancel);
        terminal.TellJson(answers.Json);
        foreach (var item in answers.Value.Items)
        {
            if (item.Remark is { } remark && !terminal.Json) terminal.Note(remark);
            terminal.Say(item.Base is null ? LineOf(item.Adapter) : $"adapter\t{LineOf(item.Adapter)}\nbase\t{LineOf(item.Base)}");
        }
        return ExitCode.Done;
    }

    private PredictRequest RequestOf(ParseResult options)
    {
        var row = options.GetValue(_row) is { Length: > 0 } pairs ? OptionRules.PairsOf(pairs).ToDictionary() : null;
        var changes = new GenerationChanges
        {
            MaxNewTokens = options.GetValue(_tokens), Beams = options.GetValue(_beams), Temperature = options.GetValue(_temperature),
            TopP = options.GetValue(_topP), TopK = options.GetValue(_topK), Seed = options.GetValue(_seed),
            Stop = options.GetValue(_stop) is { Length: > 0 } stop ? stop : null,
        };
        return new()
        {
            Rows = row is null ? null : [row],
            Texts = row is not null ? null : options.GetValue(_text) is { Length: > 0 } texts ? texts : [.. Lines()],
            Base = options.GetValue(_base), Stream = options.GetValue(_stream),
            Generation = changes == new GenerationChanges() ? null : changes,
        };
    }

    /// <summary>Text of one answer appears as it is generated; those of several would mix, so each appears when it is finished.</summary>
    private static async Task<int> StreamAsync(Guid job, string request, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var open = (Index: 0, Source: PredictionSource.Adapter);
        await foreach (var said in service.PredictStreamAsync(job, request, cancel))
        {
            terminal.TellJson($$"""{"event":"{{said.EventType}}","data":{{said.Data}}}""");
            if (said.EventType == "error")
            {
                var problem = JsonSerializer.Deserialize<ProblemView>(said.Data, ApiJson.Options)!;
                throw new ServiceProblemException(problem.Status, problem.Code, problem.Faults ?? [new(problem.Code, problem.Detail)]);
            }
            if (terminal.Json || said.EventType == "done") continue;
            var piece = JsonSerializer.Deserialize<Piece>(said.Data, ApiJson.Options)!;
            var isOpen = (piece.Index, piece.Source) == open;
            if (said.EventType == "token")
            {
                if (isOpen) await Console.Out.WriteAsync(piece.Text);
                continue;
            }
            if (piece.Remark is { } remark) terminal.Note(remark);
            terminal.Say(isOpen ? "" : piece.Text ?? "");
            if (isOpen) open = piece.Source == PredictionSource.Adapter && piece.Index == 0 ? (0, PredictionSource.Base) : (-1, default);
        }
        return ExitCode.Done;
    }

    private static string LineOf(PredictedAnswer answer) => answer switch
    {
        { Label: { } label } => string.Create(CultureInfo.InvariantCulture, $"{label}\t{answer.Probabilities![0].Probability:0.000}"),
        { Score: { } score } => string.Create(CultureInfo.InvariantCulture, $"{score:0.000}"),
        _ => answer.Text!.Trim(),
    };

    private static IEnumerable<string> Lines()
    {
        while (Console.In.ReadLine() is { } line)
            if (line.Length > 0) yield return line;
    }

    private sealed record Piece(int Index, PredictionSource Source, string? Text, string? Remark);
}
