using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore.Query;

namespace LoraDrop.Worker;

/// <summary>A child's reports since the last write: only the latest state, but every metric.</summary>
internal sealed class StageProgress(Guid job, Stage stage)
{
    private readonly List<MetricRow> _metrics = [];
    private RunEvent.StepDone? _step;
    private RunEvent.StageStarted? _started;
    private RunEvent.Evaluated? _latest, _best, _lastEvaluation;

    public bool Any => _step is not null || _started is not null || _latest is not null || _metrics.Count > 0;

    /// <summary>The scores of an evaluation at a step, for the checkpoint that follows it.</summary>
    public Dictionary<string, double>? ScoresAt(int step) => _lastEvaluation?.Step == step ? Finite(_lastEvaluation.Scores) : null;

    public void Take(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.StageStarted started:
                _started = started;
                break;
            case RunEvent.StepDone step:
                _step = step;
                Add("train/loss", step.Step, step.Loss);
                Add("train/learning_rate", step.Step, step.LearningRate);
                Add("train/gradient_norm", step.Step, step.GradientNorm);
                Add("train/tokens_per_second", step.Step, step.TokensPerSecond);
                break;
            case RunEvent.Evaluated evaluated:
                (_latest, _lastEvaluation) = (evaluated, evaluated);
                if (evaluated.Best) _best = evaluated;
                foreach (var (metric, value) in evaluated.Scores) Add($"validation/{metric}", evaluated.Step, value);
                break;
        }
    }

    /// <summary>Returns what has to be written, and resets.</summary>
    public (Action<UpdateSettersBuilder<StageRow>> Columns, IReadOnlyList<MetricRow> Metrics) Flush()
    {
        var (step, started, latest, best, metrics) = (_step, _started, _latest, _best, _metrics.ToArray());
        (_step, _started, _latest, _best) = (null, null, null, null);
        _metrics.Clear();
        return (set =>
        {
            if (started is not null)
                set.SetProperty(s => s.Parameters, started.Parameters).SetProperty(s => s.PassTokens, started.PassTokens);
            if (started is not null && step is null)
                set.SetProperty(s => s.Step, started.FromStep).SetProperty(s => s.Steps, started.Steps);
            if (step is not null)
            {
                set.SetProperty(s => s.Step, step.Step).SetProperty(s => s.Steps, step.Steps).SetProperty(s => s.Epoch, step.Epoch)
                    .SetProperty(s => s.Loss, Finite(step.Loss)).SetProperty(s => s.LearningRate, Finite(step.LearningRate))
                    .SetProperty(s => s.TokensPerSecond, Finite(step.TokensPerSecond))
                    .SetProperty(s => s.SecondsLeft, Finite(step.SecondsLeft));
            }
            if (latest is not null)
                set.SetProperty(s => s.Metric, latest.Primary).SetProperty(s => s.Score, Finite(latest.Scores[latest.Primary]));
            if (best is not null)
                set.SetProperty(s => s.BestScore, Finite(best.Scores[best.Primary])).SetProperty(s => s.BestStep, best.Step);
        }, metrics);
    }

    /// <summary>Adds a point; undefined values (the correlation of a constant) are skipped.</summary>
    private void Add(string name, int step, double value)
    {
        if (double.IsFinite(value)) _metrics.Add(new() { JobId = job, Stage = stage, Name = name, Step = step, Value = value });
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static Dictionary<string, double> Finite(IReadOnlyDictionary<string, double> scores) =>
        scores.Where(s => double.IsFinite(s.Value)).ToDictionary(s => s.Key, s => s.Value);
}
