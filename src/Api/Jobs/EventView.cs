using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>An event of a job.</summary>
/// <param name="Id">Ids increase; a stream can resume from one.</param>
/// <param name="At">Time of the event.</param>
/// <param name="Level">info, warning or error.</param>
/// <param name="Type">Type, such as submitted, stage-started, evaluated or succeeded; see docs/api/README.md.</param>
/// <param name="Message">Human-readable description.</param>
/// <param name="Data">Values that belong to the event.</param>
public sealed record EventView(long Id, DateTimeOffset At, EventLevel Level, string Type, string Message, JsonElement? Data)
{
    internal static EventView Of(EventRow row) =>
        new(row.Id, row.At, row.Level, row.Type, row.Message, row.Data is null ? null : WithNumbersOnly(row.Data));

    /// <summary>Removes figures that a run wrote as "NaN" or "Infinity"; responses omit undefined values.</summary>
    private static JsonElement WithNumbersOnly(string data)
    {
        if (!data.Contains("\"NaN\"") && !data.Contains("Infinity\"")) return JsonSerializer.Deserialize<JsonElement>(data);
        var node = JsonNode.Parse(data)!;
        Clean(node);
        return JsonSerializer.SerializeToElement(node, ApiJson.Options);
    }

    private static void Clean(JsonNode? node)
    {
        if (node is JsonArray list) foreach (var item in list) Clean(item);
        if (node is not JsonObject fields) return;
        foreach (var (name, value) in fields.ToList())
        {
            if (value is JsonValue text && text.TryGetValue<string>(out var written) && written is ("NaN" or "Infinity" or "-Infinity"))
                fields.Remove(name);
            else Clean(value);
        }
    }
}

/// <summary>A page of events.</summary>
/// <param name="Items">Ordered by id.</param>
/// <param name="Next">Value of <c>after</c> for the next page; absent if there is none yet.</param>
public sealed record EventPage(IReadOnlyList<EventView> Items, long? Next);

/// <summary>Progress of a job in its event stream.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Status">queued, running, succeeded, failed or cancelled.</param>
/// <param name="Progress">Progress of the whole job, 0 to 1.</param>
/// <param name="Step">Completed optimiser steps of the stage.</param>
/// <param name="Steps">Total optimiser steps of the stage; 0 if not known yet.</param>
/// <param name="Loss">Loss of the last reported step.</param>
/// <param name="TokensPerSecond">Training speed in tokens per second, without padding.</param>
/// <param name="SecondsLeft">Estimated seconds left for the stage.</param>
/// <param name="QueuePosition">Position in the queue; 1 is next.</param>
public sealed record ProgressView(
    Stage Stage, JobStatus Status, double Progress, int Step, int Steps, double? Loss, double? TokensPerSecond, double? SecondsLeft,
    int? QueuePosition);

/// <summary>The last message of a stream; the client should close the connection.</summary>
/// <param name="Status">succeeded, failed or cancelled.</param>
public sealed record EndView(JobStatus Status);
