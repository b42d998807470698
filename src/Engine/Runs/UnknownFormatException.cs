using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>A checkpoint or run folder in an unknown format, written by another version of this program; refused rather than
/// guessed.</summary>
/// <param name="path">The file or folder.</param>
/// <param name="what">checkpoint or run.</param>
/// <param name="found">The format it names.</param>
/// <param name="known">The format this version reads.</param>
public sealed class UnknownFormatException(string path, string what, string found, int known) : RefusedInputException(path,
    $"the {what} has format {PlainText.Shown(found)}, and this version of loradrop knows format {known} "
    + "only. Continue with the version that wrote it (in a service: update its workers, and retry the "
    + "job), or start again in another folder (submit the job again).");
