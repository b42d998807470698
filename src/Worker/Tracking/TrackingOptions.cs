using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>Settings for sending job metrics to other tools.</summary>
public sealed record TrackingOptions
{
    /// <summary>URL of an MLflow tracking server, where each job becomes a run; default <c>MLFLOW_TRACKING_URI</c> if it is an http URL,
    /// else none.</summary>
    public string? MlflowUri { get; init; } = Http(Environment.GetEnvironmentVariable("MLFLOW_TRACKING_URI"));

    /// <summary>MLflow experiment of the runs, created if necessary; default <c>MLFLOW_EXPERIMENT_NAME</c>, else loradrop.</summary>
    public string MlflowExperiment { get; init; } = Given("MLFLOW_EXPERIMENT_NAME") ?? "loradrop";

    /// <summary>A bearer token for MLflow; default <c>MLFLOW_TRACKING_TOKEN</c>, else none.</summary>
    public string? MlflowToken { get; init; } = Given("MLFLOW_TRACKING_TOKEN");

    /// <summary>A user for MLflow, with <see cref="MlflowPassword"/>; default <c>MLFLOW_TRACKING_USERNAME</c>, else none.</summary>
    public string? MlflowUser { get; init; } = Given("MLFLOW_TRACKING_USERNAME");

    /// <summary>The user's password; default <c>MLFLOW_TRACKING_PASSWORD</c>.</summary>
    public string? MlflowPassword { get; init; } = Given("MLFLOW_TRACKING_PASSWORD");

    /// <summary>Whether jobs write TensorBoard event files, under <c>events/</c> in the artifacts; default true.</summary>
    public bool TensorBoard { get; init; } = true;

    /// <summary>Without its values: one is a secret.</summary>
    public override string ToString() => nameof(TrackingOptions);

    public IEnumerable<Fault> Faults(string path)
    {
        if (MlflowUri is not null && Http(MlflowUri) is null)
            yield return new($"{path}:{nameof(MlflowUri)}", "must be a URL such as http://mlflow:5000, without user and password");
        if (MlflowExperiment.Length is 0 or > 250) yield return new($"{path}:{nameof(MlflowExperiment)}", "must have 1 to 250 characters");
        if (MlflowToken is not null && MlflowUser is not null)
            yield return new($"{path}:{nameof(MlflowToken)}", "cannot be combined with MlflowUser: set one of them");
        if (MlflowPassword is not null && MlflowUser is null) yield return new($"{path}:{nameof(MlflowPassword)}", "requires MlflowUser");
    }

    private static string? Given(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string? Http(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri.UserInfo.Length == 0 && uri.Query.Length == 0 ? text : null;
}
