namespace LoraDrop.Storage;

/// <summary>The name of a setting, in the file and in the environment.</summary>
public static class SettingName
{
    /// <summary>Starts the names of settings in the environment; <c>__</c> separates levels.</summary>
    public const string Prefix = "LORADROP_";

    /// <summary>The sections of all hosts. A host reads those that it needs and leaves the others to the hosts that do.</summary>
    public static readonly IReadOnlyList<string> Sections =
        ["Database", "Objects", "Queue", "Leases", "Sources", "Outgoing", "Webhooks", "Jobs", "Api", "Oidc", "Worker", "Tracking", "Log"];

    /// <summary>A setting's path in the file and its name in the environment: <c>Objects:Bucket (LORADROP_OBJECTS__BUCKET)</c>. Other paths
    /// are returned as they are.</summary>
    public static string Of(string path) => Sections.Any(section => path == section
        || path.StartsWith(section + ':', StringComparison.OrdinalIgnoreCase)) ? $"{path} ({Variable(path)})" : path;

    /// <summary>A setting's name in the environment.</summary>
    public static string Variable(string path) => Prefix + path.ToUpperInvariant().Replace(":", "__");
}
