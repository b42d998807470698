using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Counts a run's parameters and estimates its memory, from config.json alone.</summary>
internal sealed class SizeCommand : EngineCommand
{
    private readonly SettingOptions _settings;

    public SizeCommand()
        : base("size", "Count a model's LoRA parameters and estimate memory, from config.json alone: no weights, no data") =>
        _settings = new(this);

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var json = _settings.Json(options);
        var model = json["model"] is JsonValue named && named.TryGetValue<string>(out var folder)
            ? ModelInspection.OfConfig(folder)
            : throw new RefusedInputException("--model", "is required: a folder with config.json");
        json.TryAdd("dataset", "not read");
        json.TryAdd("task", new JsonObject { ["preset"] = model.Generates ? TaskPreset.Chat : TaskPreset.Labelled });
        var request = JobRequest.Parse(json.ToJsonString());
        var faults = RequestFit.Faults(request, model, null);
        if (faults.Count > 0) throw new RefusedInputException(faults);

        var range = ParameterRange.Of(request, model)!;
        var memory = Kinds(request, model).ToDictionary(JsonText.NameOf,
            kind => MemoryEstimate.OfJob(request with { Training = request.Training with { Weights = kind } }, model, null));
        var (tuning, longest) = (request.Tuning, model.LongestOf(request));
        session.Say($"""
            model      {Number(model.Parameters)} parameters: {model.Family}, {model.Layers} layers of width {Number(model.Hidden)}, {Number(model.Vocabulary)} tokens
            {Everywhere(request)} {Number(range.Lora)} parameters{Where(tuning, model)}
            """);
        if (request.Sharing is not null)
            session.Say(
                $"{request.Method.Title,-10} {Number(range.Least)} to {Number(range.Most)} parameters, depending on the importance; shared "
                + "ones included");
        session.Say("memory     "
            + $"{string.Join(", ", memory.Select(kind => $"{kind.Value / (double)(1L << 30):0.0} GiB with {kind.Key} weights"))}: "
            + $"about, on a CPU, in batches of {request.Training.BatchSize} texts of up to {Number(longest)} "
            + $"tokens{(request.Training.Checkpointing == true ? ", layers computed again" : "")}");
        session.Tell(new { Event = "size", Model = model.Parameters, range.Lora, range.Least, range.Most, MemoryBytes = memory,
            request.Training.BatchSize, LongestText = longest });
    }

    /// <summary>The requested weight format, or all of them if none is requested. Only decoders have a choice.</summary>
    private static WeightKind[] Kinds(JobRequest request, ModelSummary model) =>
        request.Training.Weights is { } kind ? [kind] : model.Generates ? Enum.GetValues<WeightKind>() : [WeightKind.Float32];

    /// <summary>The method with a branch for every target layer: for LoRA-drop that is LoRA.</summary>
    private static string Everywhere(JobRequest request) =>
        $"{(request.Method.Placing == Placing.ByImportance ? Methods.Lora : request.Method).Title,-10}";

    private static string Where(MethodSettings tuning, ModelSummary model) => tuning.Layers.Count == 0 ? ""
        : $":{(tuning is LowRankSettings lora ? $" rank {lora.Rank}" : "")} on "
        + string.Join(", ", TargetLayers.Chosen(tuning.Layers, model.Modules).Select(module => module.Type));

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
