namespace LoraDrop.Worker;

/// <summary>A split as it is used here, and the names under which it is published.</summary>
/// <param name="Name">What its file is called in the target folder.</param>
/// <param name="Published">The first of them that a dataset has is taken; MNLI's matched sets are those that GLUE scores.</param>
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
