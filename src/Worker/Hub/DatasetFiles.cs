using LoraDrop.Domain;
using YamlDotNet.Core;

namespace LoraDrop.Worker;

/// <summary>Selects the files of a dataset repository to fetch: one config, one file per split.</summary>
internal static class DatasetFiles
{
    private const int LongestCard = 4 << 20;
    private const int MostListed = 40;

    /// <summary>The selected config and files.</summary>
    public sealed record Choice(string Config, IReadOnlyList<ChosenFile> Files);

    /// <summary>Selects the config (the requested one, else that of the preset, else the only one) and its splits.</summary>
    /// <param name="repository">The dataset's repository. The card determines its configs, or the file names if the card does not.</param>
    /// <param name="preset">Such as <c>glue/rte</c>, whose second part names the config; null for none.</param>
    /// <param name="open">Fetches a small file and returns its local path.</param>
    /// <exception cref="RefusedInputException">The config is ambiguous, or a split is missing or in several files.</exception>
    public static async Task<Choice> ChooseAsync(HubRepository repository, string? preset, Func<RepositoryFile, Task<string>> open)
    {
        var configs = await DeclaredAsync(repository, open);
        if (configs.Count == 0) configs = DatasetLayout.Configs(repository.Files);
        var config = SelectedConfig(repository, configs, preset);
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
            throw repository.Refused($"the YAML at the top of README.md of {repository.Address.Name} cannot be read (line "
                + $"{malformed.Start.Line}: {malformed.Message})");
        }
    }

    private static DatasetConfig SelectedConfig(HubRepository repository, IReadOnlyList<DatasetConfig> configs, string? preset)
    {
        var (source, name) = (repository.Address.Source, repository.Address.Name);
        if (configs.Count == 0)
            throw repository.Refused($"{name} has no supported files: train.parquet, .jsonl, .csv or .tsv in the root, in data/ or in a "
                + $"folder per config. {Converted(name)}");
        if (source.Config is not null)
            return Named(configs, source.Config)
                ?? throw repository.Refused($"{name} has no config {source.Config}; it has {List(configs)}");
        if (preset?.Split('/', 2) is [_, var part] && Named(configs, part) is { } presets) return presets;
        if (configs.Count == 1) return configs[0];
        throw repository.Refused(
            $"{name} has several configs; add one after '#', such as {source with { Config = configs[0].Name }}: {List(configs)}");
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
        throw repository.Refused(
            $"config {config.Name} of {name} has no supported train split; it has {Splits(config)}. {Converted(name)}");
    }

    private static RepositoryFile Only(HubRepository repository, DatasetConfig config, string split)
    {
        var files = config.Splits[split].ToArray();
        if (files.Length == 1) return files[0];
        var some = $"{files[0].Path}, {files[1].Path}{(files.Length > 2 ? ", …" : "")}";
        throw repository.Refused(
            $"config {config.Name} of {repository.Address.Name} has its split {split} in {files.Length} files ({some}); "
            + "only single-file splits are supported. Join the files and register the result as a dataset");
    }

    /// <summary>The extension for the local file name.</summary>
    private static string NameEnd(RepositoryFile file) => file.Extension == ".json" ? ".jsonl" : file.Extension;

    private static DatasetConfig? Named(IReadOnlyList<DatasetConfig> configs, string name) =>
        configs.FirstOrDefault(config => config.Name == name);

    private static string List(IReadOnlyList<DatasetConfig> configs) =>
        string.Join(", ", configs.Take(MostListed).Select(config => config.Name))
            + (configs.Count > MostListed ? $" and {configs.Count - MostListed} more" : "");

    private static string Splits(DatasetConfig config) =>
        config.Splits.Count == 0 ? "none" : string.Join(", ", config.Splits.Take(MostListed).Select(split => split.Key));

    private static string Converted(string name) => $"The hub has converted many datasets to Parquet: try hf:{name}@refs/convert/parquet";
}
