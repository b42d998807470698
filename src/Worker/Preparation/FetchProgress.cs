namespace LoraDrop.Worker;

/// <summary>Records the progress of a fetch about once a second.</summary>
internal sealed class FetchProgress(TimeProvider clock, Func<HubProgress, Task> write) : IProgress<HubProgress>
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long _written = long.MinValue;
    private Task _writing = Task.CompletedTask;

    public void Report(HubProgress value)
    {
        lock (_gate)
        {
            if (!_writing.IsCompleted || (_written != long.MinValue && clock.GetElapsedTime(_written) < Between
                && value.BytesDone < value.BytesTotal))
                return;
            if (_writing.IsFaulted) _writing.GetAwaiter().GetResult(); // a failed write ends the fetch
            _written = clock.GetTimestamp();
            _writing = write(value); // intermediate progress is not awaited
        }
    }
}
