using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Stores the seconds that each run of a comparison trained: a resumed comparison reads finished runs, which takes no
/// time.</summary>
/// <param name="folder">The folder of the comparison.</param>
internal sealed class TrainingTimes(string folder)
{
    private const string FileName = "seconds.json";

    private readonly string _file = Path.Combine(folder, FileName);

    /// <summary>Training time of a run, over all its starts; null if unknown.</summary>
    public TimeSpan? Of(string run) => Read().TryGetValue(run, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>Trains, and adds the time it takes, even if it is stopped.</summary>
    public T Measure<T>(string run, Func<T> train)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            return train();
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                var times = Read();
                times[run] = times.GetValueOrDefault(run) + Stopwatch.GetElapsedTime(started).TotalSeconds;
                WholeFile.WriteText(_file, JsonSerializer.Serialize(times, JsonText.Options));
            }
        }
    }

    private Dictionary<string, double> Read()
    {
        try
        {
            return File.Exists(_file) ? JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllText(_file)) ?? [] : [];
        }
        catch (JsonException)
        {
            return []; // times are for people; a damaged file must not stop a run
        }
    }
}
