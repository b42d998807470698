using System.Globalization;
using System.Text.RegularExpressions;

namespace LoraDrop.Service.Tests;

/// <summary>What <c>/metrics</c> answered, read as Prometheus reads it.</summary>
internal sealed partial class Exposition
{
    private readonly List<Sample> _samples = [];

    private Exposition(string text)
    {
        Text = text;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
            {
                if (line.Split(' ', 4) is ["#", "HELP", var name, _]) Helped.Add(name);
                continue;
            }
            var match = SamplePattern().Match(line);
            Assert.True(match.Success, $"no sample: {line}");
            _samples.Add(new(match.Groups["name"].Value,
                LabelPattern().Matches(match.Groups["labels"].Value).ToDictionary(l => l.Groups[1].Value, l => l.Groups[2].Value),
                double.Parse(match.Groups["value"].Value.Replace("+Inf", "∞"), CultureInfo.InvariantCulture)));
        }
    }

    public string Text { get; }

    public HashSet<string> Helped { get; } = [];

    public IReadOnlyList<Sample> Samples => _samples;

    public static Exposition Parse(string text) => new(text);

    public static async Task<Exposition> ScrapeAsync(HttpClient http, string address)
    {
        using var answer = await http.GetAsync(address);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {(int)answer.StatusCode} {text}");
        Assert.StartsWith("text/plain", answer.Content.Headers.ContentType!.ToString());
        return new(text);
    }

    /// <summary>The sum over all series of a name that have these labels; fails where there is none.</summary>
    public double Sum(string name, params (string Label, string Value)[] labels)
    {
        var found = _samples.Where(s => s.Name == name && labels.All(l => s.Labels.GetValueOrDefault(l.Label) == l.Value)).ToList();
        Assert.True(found.Count > 0, $"there is no {name} with {string.Join(", ", labels)}:\n{Text}");
        return found.Sum(s => s.Value);
    }

    internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>[0-9.eE+-]+|NaN|[+-]Inf)( [0-9]+)?$""")]
    private static partial Regex SamplePattern();

    [GeneratedRegex("""([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)""")]
    private static partial Regex LabelPattern();
}
