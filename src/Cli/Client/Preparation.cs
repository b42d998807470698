using LoraDrop.Storage;

namespace LoraDrop.Cli;

/// <summary>Waits until a model or dataset is ready or has failed.</summary>
internal static class Preparation
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromSeconds(1);

    /// <param name="asked">Gets it once.</param>
    /// <param name="seen">Called with every answer.</param>
    /// <param name="status">The status in an answer.</param>
    /// <param name="clock">Waits between two answers, longer each time.</param>
    /// <param name="cancel">Stops waiting; the service continues.</param>
    public static async Task<Reply<T>> AwaitAsync<T>(Func<Task<Reply<T>>> asked, Action<T> seen, Func<T, InputStatus> status,
        TimeProvider clock, CancellationToken cancel)
    {
        for (var pause = Shortest; ; pause = pause * 1.5 < Longest ? pause * 1.5 : Longest)
        {
            var answer = await asked();
            seen(answer.Value);
            if (status(answer.Value) != InputStatus.Preparing) return answer;
            await Task.Delay(pause, clock, cancel);
        }
    }
}
