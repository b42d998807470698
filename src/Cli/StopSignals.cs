using System.Runtime.InteropServices;

namespace LoraDrop.Cli;

/// <summary>Turns Ctrl-C and SIGTERM into an orderly stop; the second ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _signals;

    /// <param name="besides">Other signals with the same effect.</param>
    public StopSignals(params PosixSignal[] besides) =>
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Concat(besides)
            .Select(signal => PosixSignalRegistration.Create(signal, Stop))];

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _stop.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = !_stop.IsCancellationRequested;
        _stop.Cancel();
    }
}
