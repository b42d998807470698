using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LoraDrop.Worker;

/// <summary>Reads the configs and their files from the YAML front matter of a repository's README.md, as the hub does.</summary>
/// <remarks>
/// <code>
/// ---
/// configs:
/// - config_name: rte
///   data_files:
///   - split: train
///     path: rte/train-*
/// ---
/// </code>
/// <c>data_files</c> may also be one path or a list of paths for the training split, or a map from splits to paths; <c>data_dir</c> is
/// the base folder of paths, and without <c>data_files</c> the files below it are assigned by name. Paths are
/// <see cref="PathPattern"/>s. Everything else in the card is ignored.
/// </remarks>
internal static class DatasetCard
{
    /// <summary>The configs declared in the card, if any.</summary>
    /// <exception cref="YamlException">The top of the card is not YAML.</exception>
    public static IReadOnlyList<DatasetConfig> Configs(string readme, IReadOnlyList<RepositoryFile> files)
    {
        if (FrontMatter(readme) is not { } yaml || Root(yaml) is not YamlMappingNode card
            || Child(card, "configs") is not YamlSequenceNode configs)
            return [];
        var data = files.Where(file => DatasetConfig.Extensions.Contains(file.Extension)).ToArray();
        return [.. configs.OfType<YamlMappingNode>().Select(config => Config(config, data))];
    }

    private static string? FrontMatter(string readme)
    {
        var lines = readme.Split('\n').Select(line => line.TrimEnd()).ToArray();
        if (lines[0].TrimStart('\uFEFF') != "---") return null;
        var end = Array.IndexOf(lines, "---", 1);
        return end < 0 ? null : string.Join('\n', lines[1..end]);
    }

    private static YamlNode? Root(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new UntrustedYaml(yaml));
        return stream.Documents.FirstOrDefault()?.RootNode;
    }

    private static DatasetConfig Config(YamlMappingNode config, RepositoryFile[] files)
    {
        var name = Text(Child(config, "config_name")) ?? DatasetConfig.Unnamed;
        var folder = Text(Child(config, "data_dir"))?.Trim('/', '.') is { Length: > 0 } given ? given + "/" : "";
        return new(name, () => Child(config, "data_files") is { } written
            ? Declared(written, folder, files)
            : DatasetLayout.Splits(files.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal))));
    }

    private static ILookup<string, RepositoryFile> Declared(YamlNode written, string folder, RepositoryFile[] files)
    {
        var matches = from split in Splits(written)
                      from file in files
                      where split.Patterns.Any(pattern => PathPattern.Matches(folder + Plain(pattern), file.Path))
                      select (split.Name, File: file);
        return matches.ToLookup(match => match.Name, match => match.File);
    }

    private static IEnumerable<(string Name, IEnumerable<string> Patterns)> Splits(YamlNode written) => written switch
    {
        YamlMappingNode map => map.Children.Select(entry => (Text(entry.Key) ?? "", Texts(entry.Value))),
        YamlSequenceNode list when list.OfType<YamlMappingNode>().Any() =>
            list.OfType<YamlMappingNode>().Select(entry =>
                (Text(Child(entry, "split")) ?? DatasetSplit.Train.Name, Texts(Child(entry, "path")))),
        _ => [(DatasetSplit.Train.Name, Texts(written))],
    };

    private static string Plain(string pattern) => pattern.StartsWith("./", StringComparison.Ordinal) ? pattern[2..] : pattern;

    private static YamlNode? Child(YamlMappingNode parent, string name) =>
        parent.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    private static string? Text(YamlNode? node) => (node as YamlScalarNode)?.Value;

    private static IEnumerable<string> Texts(YamlNode? node) =>
        node is YamlSequenceNode list ? list.OfType<YamlScalarNode>().Select(item => item.Value ?? "") : Text(node) is { } one ? [one] : [];
}
