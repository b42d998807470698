using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>The work of a child process, stored as work.json in its folder.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "work")]
[JsonDerivedType(typeof(RunStage), "stage")]
[JsonDerivedType(typeof(InspectModel), "model")]
[JsonDerivedType(typeof(InspectDataset), "dataset")]
[JsonDerivedType(typeof(Predict), "predict")]
[JsonDerivedType(typeof(Evaluate), "evaluate")]
internal abstract record ChildWork
{
    private const string FileName = "work.json";

    /// <summary>Runs one stage; its output is in <see cref="RunIn"/>.</summary>
    public sealed record RunStage(Stage Stage, string Request, RunInputs Inputs, string Device, int Threads) : ChildWork;

    /// <summary>Inspects a model's folder; its output is <see cref="FactsIn"/>.</summary>
    public sealed record InspectModel(string Folder) : ChildWork;

    /// <summary>Validates every row of a dataset; its output is <see cref="FactsIn"/>.</summary>
    public sealed record InspectDataset(DataFiles Files) : ChildWork;

    /// <summary>Answers a <see cref="PredictRequest"/> with an adapter; its output is <see cref="FactsIn"/>.</summary>
    public sealed record Predict(string Request, string Model, string Adapter, string Device, int Threads) : ChildWork;

    /// <summary>Scores an adapter on a file; its output is <see cref="FactsIn"/>, and the files of the predictions beside it.</summary>
    public sealed record Evaluate(string File, bool Base, string Model, string Adapter, string Device, int Threads) : ChildWork;

    /// <summary>The W3C traceparent of its phases; null: there is no trace.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The name in traces.</summary>
    [JsonIgnore]
    public string Name => this switch
    {
        RunStage run => JsonText.NameOf(run.Stage),
        InspectModel => "inspect-model",
        InspectDataset => "inspect-dataset",
        Predict => "predict",
        Evaluate => "evaluate",
        _ => throw new InvalidOperationException($"unknown work {GetType()}"),
    };

    public static ChildWork Read(string folder) =>
        JsonSerializer.Deserialize<ChildWork>(File.ReadAllText(Path.Combine(folder, FileName)), JsonText.Compact)!;

    public void Write(string folder) => File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, JsonText.Compact));

    /// <summary>The run's folder in the work's folder.</summary>
    public static string RunIn(string folder) => Path.Combine(folder, "run");

    /// <summary>The output file of all but stages.</summary>
    public static string FactsIn(string folder) => Path.Combine(folder, "facts.json");
}

/// <summary>A line of a child's output: an event of the run, a piece of a prediction, a failure, the start or end of a phase, or that the
/// work is done.</summary>
/// <remarks>After a stage or a prediction that is done the child waits for another; a prediction that is refused or stopped is done, too.
/// An inspection that succeeds writes no failure and exits with 0.</remarks>
internal sealed record ChildLine(RunEvent? Event = null, RunFailure? Failure = null, ChildSpan? Span = null, bool? Done = null,
    PredictedPiece? Piece = null)
{
    public string ToText() => JsonSerializer.Serialize(this, JsonText.Compact);

    public static ChildLine Parse(string text) => JsonSerializer.Deserialize<ChildLine>(text, JsonText.Compact)!;
}
