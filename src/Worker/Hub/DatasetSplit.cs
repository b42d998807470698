namespace LoraDrop.Worker;

/// <summary>A split and the names under which it is published.</summary>
/// <param name="Name">File name in the target folder, without extension.</param>
/// <param name="Published">Published names, in order of preference; GLUE scores MNLI's matched sets.</param>
internal sealed record DatasetSplit(string Name, params string[] Published)
{
    public static readonly DatasetSplit Train = new("train", "train");

    public static IReadOnlyList<DatasetSplit> All { get; } =
    [
        Train,
        new("validation", "validation", "dev", "valid", "val", "validation_matched", "dev_matched"),
        new("test", "test", "test_matched"),
    ];

    public static IReadOnlySet<string> AllNames { get; } = All.SelectMany(split => split.Published).ToHashSet();
}
