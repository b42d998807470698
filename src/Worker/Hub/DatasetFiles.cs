using LoraDrop.Domain;
using YamlDotNet.Core;

namespace LoraDrop.Worker;

/// <summary>Which files of a dataset repository are fetched: the config that is meant, one file for each split.</summary>
internal static class DatasetFiles
{
    private const int LongestCard = 4 << 20;
    private const int MostListed = 40;

    /// <summary>What was chosen.</summary>
    public sealed record Choice(string Config, IReadOnlyList<ChosenFile> Files);

    /// <summary>Chooses the config (the one asked for, else the one that the preset is named after, else the only one) and its splits.</summary>
    /// <param name="repository">Where the dataset is published. Its card says what the configs are; without one that does, the files' names.</param>
    /// <param name="preset">Such as <c>glue/rte</c>, whose second part names the config; null for none.</param>
    /// <param name="open">Fetches a small file and tells where it lies.</param>
    /// <exception cref="RefusedInputException">It cannot be told which config is meant, or a split is missing or in several files.</exception>
    public static async Task<Choice> ChooseAsync(HubRepository repository, string? preset, Func<RepositoryFile, Task<string>> open)
    {
        var configs = await DeclaredAsync(repository, open);
        if (configs.Count == 0) configs = DatasetLayout.Configs(repository.Files);
        var config = Meant(repository, configs, preset);
        return new(config.Name, [.. DatasetSplit.All.Select(split => File(repository, config, split)).OfType<ChosenFile>()]);
    }

    private static async Task<IReadOnlyList<DatasetConfig>> DeclaredAsync(HubRepository repository, Func<RepositoryFile, Task<string>> open)
    {
        if (repository.Find("README.md") is not { Size: < LongestCard } card) return [];
        try
        {
            return DatasetCard.Configs(await System.IO.File.ReadAllTextAsync(await open(card)), repository.Files);
        }
        catch (YamlException malformed)
        {
            throw repository.Refused($"the YAML at the top of README.md of {repository.Address.Name} cannot be read (line {malformed.Start.Line}: {malformed.Message})");
        }
    }

    private static DatasetConfig Meant(HubRepository repository, IReadOnlyList<DatasetConfig> configs, string? preset)
    {
        var (source, name) = (repository.Address.Source, repository.Address.Name);
        if (configs.Count == 0)
            throw repository.Refused($"{name} has no files that can be read: train.parquet, .jsonl, .csv or .tsv in the root, in data/ or in a folder for each config. {Converted(name)}");
        if (source.Config is not null)
            return Named(configs, source.Config) ?? throw repository.Refused($"{name} has no config {source.Config}; it has {List(configs)}");
        if (preset?.Split('/', 2) is [_, var part] && Named(configs, part) is { } presets) return presets;
        if (configs.Count == 1) return configs[0];
        throw repository.Refused($"{name} has several configs; write which one after '#', such as {source with { Config = configs[0].Name }}: {List(configs)}");
    }

    private static ChosenFile? File(HubRepository repository, DatasetConfig config, DatasetSplit split)
    {
        var published = split.Published.FirstOrDefault(config.Splits.Contains);
        if (published is not null)
        {
            var file = Only(repository, config, published);
            return new ChosenFile(file, split.Name + NameEnd(file));
        }
        if (split != DatasetSplit.Train) return null;
        var name = repository.Address.Name;
        throw repository.Refused($"config {config.Name} of {name} has no train split that can be read; it has {Splits(config)}. {Converted(name)}");
    }

    private static RepositoryFile Only(HubRepository repository, DatasetConfig config, string split)
    {
        var files = config.Splits[split].ToArray();
        if (files.Length == 1) return files[0];
        var some = $"{files[0].Path}, {files[1].Path}{(files.Length > 2 ? ", …" : "")}";
        throw repository.Refused($"config {config.Name} of {repository.Address.Name} has its split {split} in {files.Length} files ({some}); "
            + "only a split in a single file can be used. Join them and register the result as a dataset");
    }

    /// <summary>What the readers of data sets go by.</summary>
    private static string NameEnd(RepositoryFile file) => file.Extension == ".json" ? ".jsonl" : file.Extension;

    private static DatasetConfig? Named(IReadOnlyList<DatasetConfig> configs, string name) => configs.FirstOrDefault(config => config.Name == name);

    private static string List(IReadOnlyList<DatasetConfig> configs) =>
        string.Join(", ", configs.Take(MostListed).Select(config => config.Name)) + (configs.Count > MostListed ? $" and {configs.Count - MostListed} more" : "");

    private static string Splits(DatasetConfig config) => config.Splits.Count == 0 ? "none" : string.Join(", ", config.Splits.Take(MostListed).Select(split => split.Key));

    private static string Converted(string name) => $"The hub keeps a conversion of many datasets: try hf:{name}@refs/convert/parquet";
}
