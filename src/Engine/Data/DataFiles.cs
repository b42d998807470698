using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>The files of a data set, one per split.</summary>
public sealed record DataFiles(string Train, string? Validation = null, string? Test = null)
{
    /// <summary>A training file, or a folder with <c>train.*</c> and optionally <c>validation.*</c> and <c>test.*</c>.</summary>
    /// <remarks>GLUE's names for the validation file are also accepted: <c>dev.*</c>, <c>dev_matched.*</c>.</remarks>
    /// <exception cref="RefusedInputException">The folder has no training file, or two files for one split.</exception>
    public static DataFiles At(string path)
    {
        if (!Directory.Exists(path)) return new DataFiles(path);
        var train = Find(path, "train")
            ?? throw new RefusedInputException(path, $"has no {string.Join(", ", DataFormat.Extensions.Select(e => "train" + e))}");
        return new DataFiles(train, Find(path, "validation") ?? Find(path, "dev") ?? Find(path, "dev_matched"), Find(path, "test"));
    }

    private static string? Find(string folder, string split)
    {
        var found = DataFormat.Extensions.Select(extension => Path.Combine(folder, split + extension)).Where(File.Exists).ToArray();
        if (found.Length > 1)
            throw new RefusedInputException(folder, $"has {string.Join(" and ", found.Select(Path.GetFileName))}: keep one");
        return found.SingleOrDefault();
    }
}
