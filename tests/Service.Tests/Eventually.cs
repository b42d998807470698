using System.Diagnostics;

namespace LoraDrop.Service.Tests;

/// <summary>Waits for states that come about by themselves.</summary>
internal static class Eventually
{
    /// <summary>The limit of a wait. It ends a test that would never end, and is longer than busy cores need.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Time between two reads of a state.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Reads a state until it is reached, and returns it.</summary>
    /// <param name="read">Reads the state.</param>
    /// <param name="reached">Whether it is the one to wait for.</param>
    /// <param name="log">What else to show if it is never reached.</param>
    /// <param name="within">The limit; <see cref="Patience"/> by default.</param>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> reached, Func<string>? log = null, TimeSpan? within = null)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(Interval))
        {
            var state = await read();
            if (reached(state)) return state;
            Assert.True(Stopwatch.GetElapsedTime(began) < (within ?? Patience), $"still {state}\n{log?.Invoke()}");
        }
    }
}
