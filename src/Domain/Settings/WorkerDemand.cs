using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Requirements for the worker of a job. They do not affect the result.</summary>
public sealed record WorkerDemand
{
    /// <summary>Maximum number of a worker's labels, and so of required labels.</summary>
    public const int MostLabels = 8;

    /// <summary>Labels are compared as encoded: changing the encoding would break stored selectors.</summary>
    private static readonly JsonSerializerOptions Encoding = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Labels the worker must have; up to 8 pairs, names up to 63 and values up to 255 characters; default none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Minimum memory of the worker's device, in GiB; above 0, default null: any.</summary>
    public double? MemoryGiB { get; init; }

    /// <summary><see cref="MemoryGiB"/> in bytes; 0 for any.</summary>
    [JsonIgnore]
    public long MemoryBytes => (long)((MemoryGiB ?? 0) * (1L << 30));

    /// <summary>The labels as one text, independent of their order; null if there are none.</summary>
    /// <remarks>A worker can run the job if this is null or one of the worker's <see cref="SelectorsOf"/>, which a database can
    /// check.</remarks>
    [JsonIgnore]
    public string? Selector => Labels.Count == 0 ? null : SelectorOf(Labels);

    /// <summary>The selectors that a worker with these labels satisfies: one per non-empty subset, 255 for eight labels.</summary>
    /// <param name="labels">At most <see cref="MostLabels"/>, since each doubles the number.</param>
    public static IReadOnlyList<string> SelectorsOf(IReadOnlyDictionary<string, string> labels)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(labels.Count, MostLabels);
        KeyValuePair<string, string>[] all = [.. labels];
        return [.. Enumerable.Range(1, (1 << all.Length) - 1).Select(chosen => SelectorOf(all.Where((_, i) => (chosen >> i & 1) == 1)))];
    }

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var fault in NamedValues.Faults(Labels, $"{path}.labels", MostLabels)) yield return fault;
        if (MemoryGiB is not (null or (> 0 and < double.PositiveInfinity)))
            yield return new($"{path}.memoryGiB", $"must be above 0; got {MemoryGiB}");
    }

    internal static WorkerDemand Read(JsonFields fields) =>
        new() { Labels = fields.Pairs("labels"), MemoryGiB = fields.Number("memoryGiB") };

    private static string SelectorOf(IEnumerable<KeyValuePair<string, string>> labels) =>
        JsonSerializer.Serialize(new SortedDictionary<string, string>(labels.ToDictionary(), StringComparer.Ordinal), Encoding);
}
