namespace LoraDrop.Domain;

/// <summary>After training: scores with some layers' branches switched off, without training again (table 3 of the paper).</summary>
/// <remarks>The importance of the trained branches themselves is measured on the training set. Scored are: the most important layers alone,
/// as many of the least important alone, and none.</remarks>
public sealed record SwitchOffSettings
{
    /// <summary>T, the cumulative importance that the layers that stay on must reach in each module type; (0, 1], or <c>auto</c>; default
    /// 0.9.</summary>
    public Threshold Threshold { get; init; } = 0.9;

    internal IEnumerable<Fault> Faults(string path, JobRequest request)
    {
        if (Threshold.Fault is { } outside) yield return new($"{path}.threshold", outside);
        if (request.Tuning.Layers.Count == 0 || request.Sharing is not null || request.Method.Placing == Placing.Tied)
            yield return new(path, "applies to methods with a branch of its own on every target layer, such as lora; not to "
                + request.Method + (request.Sharing is null ? "" : " placed by importance"));
    }

    internal static SwitchOffSettings Read(JsonFields fields) => new() { Threshold = fields.Threshold("threshold") ?? 0.9 };
}
