using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Stores the files of a run's folder under keys of the attempt.</summary>
internal sealed class StageOutputs(IObjectStore objects, TrackingOptions tracking)
{
    /// <summary>The key prefix of an attempt's objects.</summary>
    public static string Prefix(StageLease lease) => $"jobs/{lease.Job:D}/attempts/{JsonText.NameOf(lease.Stage)}-{lease.Attempt}";

    /// <summary>Whether a file is needed to resume.</summary>
    public bool IsState(string name) => name is RunFolder.CheckpointFile or RunFolder.IdentityFile || IsCurves(name);

    /// <summary>Stores the outputs of a finished stage. Can be repeated after an outage, since the run's files no longer change.</summary>
    public async Task<StageOutcome> StoreAsync(StageLease lease, string run, string? key, CancellationToken cancel)
    {
        var files = await lease.HoldsAsync(cancel)
            ? await StoreFolderAsync(run, Prefix(lease), name => IsOutput(lease.Stage, name), cancel)
            : [];
        if (lease.Stage == Stage.ImportanceEvaluation) return new(files, Importance: LoraDropRun.ReadImportance(run), ContentKey: key);
        var json = await File.ReadAllTextAsync(Path.Combine(run, RunFolder.ResultFile), cancel);
        var result = JsonSerializer.Deserialize<RunResult>(json, JsonText.Options)!;
        var score = result.Scores.PrimaryValue;
        return new(files, Result: new(json, double.IsFinite(score) ? score : null,
            $"{result.Scores.Primary} {score:0.0000} at step {result.BestStep:N0}{Generated(result)}, with "
            + $"{result.Parameters.Adapter:N0} adapter parameters; LoRA would train {result.LoraParameters:N0}."));
    }

    public async Task<List<StoredFile>> StoreFolderAsync(string folder, string prefix, Func<string, bool> wanted, CancellationToken cancel)
    {
        var stored = new List<StoredFile>();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(folder, path);
            if (!wanted(name)) continue;
            // the run is still writing its metrics
            await using var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var written = await objects.PutAsync($"{prefix}/{name}", content, cancel);
            stored.Add(new(name, written.Key, written.Bytes, written.Sha256));
        }
        return stored;
    }

    private static string Generated(RunResult result) => result.Generated is { } answers
        ? $" ({answers.Scores.Primary} {answers.Scores.PrimaryValue:0.0000} of {answers.Prompts:N0} answers)"
        : "";

    private bool IsOutput(Stage stage, string name) => stage == Stage.ImportanceEvaluation
        ? name is RunFolder.ImportanceFile or RunFolder.ImportanceChartFile or RunFolder.Stage1AdapterFile || IsCurves(name)
        : name is RunFolder.ResultFile or RunFolder.IdentityFile or RunFolder.AnswersFile || IsCurves(name)
        || Below(RunFolder.AdapterFolder, name);

    private bool IsCurves(string name) => tracking.TensorBoard && Below(RunFolder.EventsFolder, name);

    private static bool Below(string folder, string name) => name.StartsWith($"{folder}/");
}
