using System.Text.RegularExpressions;

namespace LoraDrop.Worker;

/// <summary>Finds the configs of a dataset repository by its file names.</summary>
/// <remarks>
/// <code>
/// train.csv, data/train.csv, data/train-00000-of-00001.parquet        config "default"
/// rte/train.jsonl, data/rte/train-00000-of-00001-5f3a….parquet        config "rte"
/// rte/train/0000.parquet                                              config "rte", the layout of the hub's own conversion to Parquet
/// </code>
/// A split is one of <see cref="DatasetSplit.AllNames"/>.
/// </remarks>
internal static partial class DatasetLayout
{
    public static IReadOnlyList<DatasetConfig> Configs(IEnumerable<RepositoryFile> files) =>
        [.. Placed(files).GroupBy(file => file.Config, StringComparer.Ordinal)
            .Select(config => new DatasetConfig(config.Key, () => config.ToLookup(file => file.Split, file => file.File)))];

    /// <summary>The splits among the files of one config, in any folder.</summary>
    public static ILookup<string, RepositoryFile> Splits(IEnumerable<RepositoryFile> files) =>
        Placed(files).ToLookup(file => file.Split, file => file.File);

    private static IEnumerable<(RepositoryFile File, string Config, string Split)> Placed(IEnumerable<RepositoryFile> files) =>
        from file in files
        let place = Read(file.Path)
        where place is not null
        select (file, place.Value.Config, place.Value.Split);

    private static (string Config, string Split)? Read(string path)
    {
        var match = File().Match(path) is { Success: true } file ? file : ConvertedFile().Match(path);
        var split = match.Groups["split"].Value;
        if (!match.Success || !DatasetSplit.AllNames.Contains(split)) return null;
        var folder = match.Groups["folder"].Value.TrimEnd('/');
        return (folder is "" or "data" ? DatasetConfig.Unnamed : folder[(folder.LastIndexOf('/') + 1)..], split);
    }

    [GeneratedRegex(@"\A(?<folder>(?:[^/]+/)*)(?<split>[a-z_]+)(?:-\d{5}-of-\d{5}(?:-[0-9a-f]{16})?)?\.(?:parquet|jsonl|json|csv|tsv)\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex File();

    [GeneratedRegex(@"\A(?<folder>(?:[^/]+/)*)(?<split>[a-z_]+)/\d{4}\.parquet\z", RegexOptions.ExplicitCapture)]
    private static partial Regex ConvertedFile();
}
