using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Validation rules shared by the settings of hosts; each fault names the setting's path.</summary>
public static class SettingRules
{
    public static IEnumerable<Fault> Within(this string path, long value, long least, long most) =>
        value >= least && value <= most ? [] : [new(path, $"must lie in {least} to {most}; got {value}")];

    public static IEnumerable<Fault> Within(this string path, TimeSpan value, TimeSpan least, TimeSpan most) =>
        value >= least && value <= most
            ? []
            : [new(path, $"must lie in {Duration.Text(least)} to {Duration.Text(most)}; got {Duration.Text(value)}")];

    public static IEnumerable<Fault> AbsoluteFolder(this string path, string folder) =>
        Path.IsPathFullyQualified(folder) ? [] : [new(path, $"must be an absolute path; got \"{folder}\"")];

    /// <summary>Addresses to listen on, separated by <c>;</c>.</summary>
    public static IEnumerable<Fault> Addresses(this string path, string addresses)
    {
        foreach (var address in addresses.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (!Uri.TryCreate(address.Replace("://*", "://0.0.0.0").Replace("://+", "://0.0.0.0"), UriKind.Absolute, out var uri)
                || uri.Scheme != Uri.UriSchemeHttp || uri.PathAndQuery != "/")
                yield return new(path,
                    $"must be addresses such as http://127.0.0.1:5080 (TLS is the business of a proxy before it); got \"{address}\"");
    }
}
