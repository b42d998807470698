namespace LoraDrop.Worker;

/// <summary>A config of a dataset repository, such as <c>rte</c> of GLUE.</summary>
/// <param name="name">The published name; <see cref="Unnamed"/> if it has none.</param>
/// <param name="splits">Finds the files of each split, by the split's published name (<c>train</c>, <c>validation_matched</c>). Called only
/// for the selected config: a repository may have a thousand.</param>
internal sealed class DatasetConfig(string name, Func<ILookup<string, RepositoryFile>> splits)
{
    public const string Unnamed = "default";

    private readonly Lazy<ILookup<string, RepositoryFile>> _splits = new(splits);

    /// <summary>Supported extensions; <c>.json</c> for JSON Lines or a list of objects.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".parquet", ".jsonl", ".json", ".csv", ".tsv"];

    public string Name { get; } = name;

    public ILookup<string, RepositoryFile> Splits => _splits.Value;
}
