using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Which workers may take a job. It says where a job runs, and nothing about what comes out.</summary>
public sealed record WorkerDemand
{
    /// <summary>The most labels that a worker has, and so the most that are asked for.</summary>
    public const int MostLabels = 8;

    /// <summary>Labels are compared as these bytes: changing the encoding would part stored selectors from new ones.</summary>
    private static readonly JsonSerializerOptions Encoding = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Names and values that a worker must have, all of them; up to 8 pairs, names up to 63 and values up to 255 characters; default none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The least memory of the worker's device, in GiB; above 0, default null: any.</summary>
    public double? MemoryGiB { get; init; }

    /// <summary>The labels as one text, the same for the same labels in any order; null where there are none.</summary>
    /// <remarks>A worker may take the job when this is null or one of <see cref="SelectorsOf"/> its labels, which a database can decide.</remarks>
    [JsonIgnore]
    public string? Selector => Labels.Count == 0 ? null : SelectorOf(Labels);

    /// <summary>The selectors that a worker with these labels satisfies: one for each choice of some of them, 255 for eight labels.</summary>
    /// <param name="labels">At most <see cref="MostLabels"/>: each doubles the number.</param>
    public static IReadOnlyList<string> SelectorsOf(IReadOnlyDictionary<string, string> labels)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(labels.Count, MostLabels);
        KeyValuePair<string, string>[] all = [.. labels];
        return [.. Enumerable.Range(1, (1 << all.Length) - 1).Select(chosen => SelectorOf(all.Where((_, i) => (chosen >> i & 1) == 1)))];
    }

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var fault in NamedValues.Faults(Labels, $"{path}.labels", MostLabels)) yield return fault;
        if (MemoryGiB is not (null or (> 0 and < double.PositiveInfinity))) yield return new($"{path}.memoryGiB", $"must be above 0; got {MemoryGiB}");
    }

    internal static WorkerDemand Read(JsonFields fields) => new() { Labels = fields.Pairs("labels"), MemoryGiB = fields.Number("memoryGiB") };

    private static string SelectorOf(IEnumerable<KeyValuePair<string, string>> labels) =>
        JsonSerializer.Serialize(new SortedDictionary<string, string>(labels.ToDictionary(), StringComparer.Ordinal), Encoding);
}
