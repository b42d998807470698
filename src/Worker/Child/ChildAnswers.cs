using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>In the child: a job's adapter on its model, which answers one prediction after the other.</summary>
internal sealed class ChildAnswers : IDisposable
{
    private TrainedAdapter? _trained;

    /// <summary>Answers a prediction; the first one loads the model.</summary>
    /// <exception cref="RefusedInputException">The inputs do not fit the job.</exception>
    public IReadOnlyList<PredictedItem> To(ChildWork.Predict work, Action<PredictedPiece> onPiece, CancellationToken cancel)
    {
        var device = ChildProgram.DeviceOf(work.Device, work.Threads);
        _trained ??= TrainedAdapter.Open(work.Adapter, work.Model, device);
        var request = JsonSerializer.Deserialize<PredictRequest>(work.Request, JsonText.Compact)!;
        return new Predictor(_trained).Predict(request, onPiece, cancel);
    }

    public void Dispose() => _trained?.Dispose();
}
