using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Something that happened to a job.</summary>
/// <param name="Id">Grows; a stream goes on from one.</param>
/// <param name="At">When.</param>
/// <param name="Level">info, warning or error.</param>
/// <param name="Type">Such as submitted, stage-started, evaluated or succeeded; docs/api lists all.</param>
/// <param name="Message">For a person.</param>
/// <param name="Data">The event's numbers.</param>
public sealed record EventView(long Id, DateTimeOffset At, EventLevel Level, string Type, string Message, JsonElement? Data)
{
    internal static EventView Of(EventRow row) =>
        new(row.Id, row.At, row.Level, row.Type, row.Message, row.Data is null ? null : WithNumbersOnly(row.Data));

    /// <summary>A run writes an undefined figure by its name; in an answer it is left out, as everywhere.</summary>
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
            if (value is JsonValue text && text.TryGetValue<string>(out var written) && written is ("NaN" or "Infinity" or "-Infinity")) fields.Remove(name);
            else Clean(value);
        }
    }
}

/// <summary>A part of a job's events.</summary>
/// <param name="Items">By id.</param>
/// <param name="Next">What to give as after for the next part; absent where there is none yet.</param>
public sealed record EventPage(IReadOnlyList<EventView> Items, long? Next);

/// <summary>How far a job is, in the stream of its events.</summary>
/// <param name="Stage">The stage it is in.</param>
/// <param name="Status">queued, running, succeeded, failed or cancelled.</param>
/// <param name="Progress">How much of the whole job is done, 0 to 1.</param>
/// <param name="Step">Optimiser steps of the stage done.</param>
/// <param name="Steps">Of how many; 0 while not known.</param>
/// <param name="Loss">The loss of the last step that was reported.</param>
/// <param name="TokensPerSecond">The speed, padding left out.</param>
/// <param name="SecondsLeft">An estimate for the stage.</param>
/// <param name="QueuePosition">1 is taken next.</param>
public sealed record ProgressView(
    Stage Stage, JobStatus Status, double Progress, int Step, int Steps, double? Loss, double? TokensPerSecond, double? SecondsLeft, int? QueuePosition);

/// <summary>The last message of a stream: nothing more will come, and the client should close it.</summary>
/// <param name="Status">succeeded, failed or cancelled.</param>
public sealed record EndView(JobStatus Status);
