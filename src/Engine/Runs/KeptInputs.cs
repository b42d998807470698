using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Runs;

/// <summary>What a process keeps of its runs so that the next one need not read it again: the weights of the last model, and the tokenized
/// data of the last few runs. Both are known by the content of their files and by all settings that they depend on.</summary>
/// <remarks>Nothing of it changes during a run, so that a run ends with the same bytes whether it finds its inputs here or reads them.
/// For one run at a time.</remarks>
public sealed class KeptInputs : IDisposable
{
    /// <summary>How many runs' data are kept at most.</summary>
    internal const int MostData = 4;

    /// <summary>How many tokens they have at most, all together: some 400 MB.</summary>
    private const long MostTokens = 50_000_000;

    private readonly List<(string Key, TaskData Data, long Tokens)> _data = []; // the last used at the end
    private (string Key, SharedWeights Weights)? _model;
    private long? _firstNeed;

    /// <summary>Memory in bytes that the process had taken for earlier runs, and has at hand for this one; 0 in the first run.</summary>
    internal long AtHand()
    {
        var now = Environment.WorkingSet;
        return Math.Max(0, now - (_firstNeed ??= now));
    }

    /// <summary>The data of a run; read if they are not kept.</summary>
    internal TaskData Data(IReadOnlyList<RunFile> content, JobRequest request, ModelConfig config, Func<TaskData> read)
    {
        var (task, training) = (request.Task, request.Training);
        var seed = content.Any(file => file.Use == "validation") ? (long?)null : training.Seed; // it only draws the rows to set aside
        var key = JsonSerializer.Serialize(new { content, task, training.MaxLength, config.TokensBefore, seed }, JsonText.Compact);
        var place = _data.FindIndex(kept => kept.Key == key);
        if (place < 0)
        {
            var data = read();
            var tokens = new[] { data.Train, data.Validation, data.Test }.Sum(set => set?.Lengths.Sum(length => (long)length) ?? 0);
            _data.Add((key, data, tokens));
        }
        else
        {
            var found = _data[place];
            _data.RemoveAt(place);
            _data.Add(found);
        }
        var used = _data[^1].Data;
        while (_data.Count > MostData || _data.Sum(kept => kept.Tokens) > MostTokens) _data.RemoveAt(0);
        return used;
    }

    /// <summary>The weights of a run's model, which are those of the last run, or are yet to be read.</summary>
    internal SharedWeights Weights(IReadOnlyList<RunFile> content, JobRequest request, Device device)
    {
        var model = content.Where(file => file.Use == RunFile.OfModel);
        var key = JsonSerializer.Serialize(new
        {
            model, Device = device.ToString(), request.Training.Weights, Generates = request.Task.Kind == TaskKind.Generation,
        }, JsonText.Compact);
        if (_model is { } kept && kept.Key == key) return kept.Weights;
        _model?.Weights.Dispose(); // before the others are read: there is room for one
        _model = (key, new());
        return _model.Value.Weights;
    }

    public void Dispose()
    {
        _model?.Weights.Dispose();
        _model = null;
        _data.Clear();
    }
}
