namespace LoraDrop.Worker;

/// <summary>A part of a dataset repository that is a dataset of its own, such as <c>rte</c> of GLUE.</summary>
/// <param name="name">As its authors call it; <see cref="Unnamed"/> where they give it no name.</param>
/// <param name="splits">Finds the files of each split, by the split's published name (<c>train</c>, <c>validation_matched</c>). Asked only of
/// the config that is chosen: a repository may have a thousand.</param>
internal sealed class DatasetConfig(string name, Func<ILookup<string, RepositoryFile>> splits)
{
    public const string Unnamed = "default";

    private readonly Lazy<ILookup<string, RepositoryFile>> _splits = new(splits);

    /// <summary>What is read here; <c>.json</c> where it holds JSON lines or a list of objects.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".parquet", ".jsonl", ".json", ".csv", ".tsv"];

    public string Name { get; } = name;

    public ILookup<string, RepositoryFile> Splits => _splits.Value;
}
