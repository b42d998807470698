using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>What a child process is to do: one piece of work, in one folder, named by the folder's work.json.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "work")]
[JsonDerivedType(typeof(RunStage), "stage")]
[JsonDerivedType(typeof(InspectModel), "model")]
[JsonDerivedType(typeof(InspectDataset), "dataset")]
internal abstract record ChildWork
{
    private const string FileName = "work.json";

    /// <summary>Runs one stage; what it leaves is in <see cref="RunIn"/>.</summary>
    public sealed record RunStage(Stage Stage, string Request, RunInputs Inputs, string Device, int Threads) : ChildWork;

    /// <summary>Reads a model's folder and says what it is: <see cref="FactsIn"/>.</summary>
    public sealed record InspectModel(string Folder) : ChildWork;

    /// <summary>Reads every row of a dataset: <see cref="FactsIn"/>.</summary>
    public sealed record InspectDataset(DataFiles Files) : ChildWork;

    /// <summary>What traces call it.</summary>
    [JsonIgnore]
    public string Name => this switch
    {
        RunStage run => JsonText.NameOf(run.Stage),
        InspectModel => "inspect-model",
        InspectDataset => "inspect-dataset",
        _ => throw new InvalidOperationException($"there is no work {GetType()}"),
    };

    public static ChildWork Read(string folder) => JsonSerializer.Deserialize<ChildWork>(File.ReadAllText(Path.Combine(folder, FileName)), JsonText.Compact)!;

    public void Write(string folder) => File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, JsonText.Compact));

    /// <summary>The run's folder in the work's folder.</summary>
    public static string RunIn(string folder) => Path.Combine(folder, "run");

    /// <summary>Where an inspection leaves its facts.</summary>
    public static string FactsIn(string folder) => Path.Combine(folder, "facts.json");
}

/// <summary>A line that a child writes: an event of the run, why it failed, or a phase that begins or ends.</summary>
/// <remarks>A child that ends well writes no failure and exits with 0.</remarks>
internal sealed record ChildLine(RunEvent? Event = null, RunFailure? Failure = null, ChildSpan? Span = null)
{
    public string ToText() => JsonSerializer.Serialize(this, JsonText.Compact);

    public static ChildLine Parse(string text) => JsonSerializer.Deserialize<ChildLine>(text, JsonText.Compact)!;
}
