using System.Globalization;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Converts a job to an MLflow run: settings become parameters, metrics metrics, and the rest tags.</summary>
internal static class MlflowRun
{
    /// <summary>The tag that identifies a job's run.</summary>
    public const string JobTag = "loradrop.job_id";

    public static string NameOf(JobRow job) => Cut(job.Name ?? job.Id.ToString(), MlflowClient.MostNameText);

    /// <summary>The name of a metric, prefixed by the stage, since both stages count steps from 0.</summary>
    public static string CurveOf(Stage stage, string name) => $"{JsonText.NameOf(stage)}/{name}";

    /// <summary>The resolved settings, <c>training.learningRate</c> and so on.</summary>
    public static List<MlflowPair> Parameters(JobRow job)
    {
        var pairs = new List<MlflowPair>();
        Flatten("", JsonDocument.Parse(job.Settings).RootElement, pairs);
        return [.. pairs.Where(pair => !pair.Key.StartsWith("labels.", StringComparison.Ordinal))
            .Append(new("serviceVersion", job.ServiceVersion))];
    }

    public static List<MlflowPair> Tags(JobRow job) =>
    [
        new(JobTag, job.Id.ToString()), new("mlflow.source.name", "loradrop"), new("mlflow.source.type", "JOB"),
        .. job.Request.Labels.Take(MlflowClient.MostTags / 2).Select(label =>
        new MlflowPair(Cut(Key($"label.{label.Key}"), MlflowClient.MostNameText), Cut(label.Value, MlflowClient.MostTagText))),
    ];

    /// <summary>Tags for the result.</summary>
    public static List<MlflowPair> EndTags(JobRow job)
    {
        var tags = new List<MlflowPair>();
        if (job.Score is { } score) tags.Add(new("loradrop.score", score.ToString("R", CultureInfo.InvariantCulture)));
        if (job.Failure is { } failure)
        {
            tags.Add(new("loradrop.error", failure.Code));
            tags.Add(new("loradrop.error_message", Cut(failure.Message, MlflowClient.MostTagText)));
        }
        return tags;
    }

    private static void Flatten(string path, JsonElement value, List<MlflowPair> to)
    {
        if (value.ValueKind == JsonValueKind.Object)
            foreach (var field in value.EnumerateObject()) Flatten(path.Length == 0 ? field.Name : $"{path}.{field.Name}", field.Value, to);
        else if (value.ValueKind != JsonValueKind.Null)
            to.Add(new(Cut(Key(path), MlflowClient.MostNameText),
                Cut(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText(), MlflowClient.MostParamText)));
    }

    /// <summary>Replaces characters that MLflow does not allow in names.</summary>
    private static string Key(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ' ' or '/' ? c : '_'));

    private static string Cut(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";
}
