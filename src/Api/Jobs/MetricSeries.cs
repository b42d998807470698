using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>A metric over the steps of a stage.</summary>
/// <param name="Stage">The stage that measured it.</param>
/// <param name="Name">Name, such as train/loss or validation/accuracy.</param>
/// <param name="Points">Pairs of step and value, ordered by step. If there are more than requested: the first, the last, and means over
/// equal ranges of steps in between.</param>
/// <param name="Total">Total number of points.</param>
public sealed record MetricSeries(Stage Stage, string Name, IReadOnlyList<double[]> Points, int Total);

/// <summary>The metrics of a job.</summary>
/// <param name="Series">Ordered by stage and name.</param>
public sealed record MetricsView(IReadOnlyList<MetricSeries> Series);

/// <summary>The query for metrics: which, and at what resolution.</summary>
internal sealed record MetricsQuery(IReadOnlyList<string> Names, Stage? Stage, int From, int To, int Points)
{
    public static Answer<MetricsQuery> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var read = new MetricsQuery(fields.Texts("name"), fields.Choice<Stage>("stage"),
            (int)(fields.Integer("from", 0, int.MaxValue) ?? 0), (int)(fields.Integer("to", 0, int.MaxValue) ?? int.MaxValue),
            (int)(fields.Integer("points", 10, 10_000) ?? 1000));
        if (read.From > read.To) fields.Refuse("from", $"must not be greater than to; got {read.From} and {read.To}");
        return fields.Refusal() is { } refusal ? refusal : read;
    }

    public async Task<MetricsView> ReadAsync(JobsContext db, Guid job, CancellationToken cancel)
    {
        var metrics = db.Metrics.AsNoTracking().Where(m => m.JobId == job && m.Step >= From && m.Step <= To);
        if (Names.Count > 0) metrics = metrics.Where(m => Names.Contains(m.Name));
        if (Stage is { } stage) metrics = metrics.Where(m => m.Stage == stage);
        var known = await metrics.GroupBy(m => new { m.Stage, m.Name })
            .Select(g => new { g.Key.Stage, g.Key.Name, Total = g.Count(), First = g.Min(m => m.Step), Last = g.Max(m => m.Step) })
            .ToListAsync(cancel);
        var series = new List<MetricSeries>();
        foreach (var s in known.OrderBy(s => s.Stage).ThenBy(s => s.Name, StringComparer.Ordinal))
        {
            var points = metrics.Where(m => m.Stage == s.Stage && m.Name == s.Name);
            var read = s.Total <= Points ? await AllAsync(points, cancel) : await MeansAsync(points, s.First, s.Last, cancel);
            series.Add(new(s.Stage, s.Name, [.. read.Where(p => double.IsFinite(p[1]))], s.Total));
        }
        return new(series);
    }

    private static async Task<List<double[]>> AllAsync(IQueryable<MetricRow> points, CancellationToken cancel) =>
        await points.OrderBy(m => m.Step).Select(m => new double[] { m.Step, m.Value }).ToListAsync(cancel);

    /// <summary>The first and last point, and means over equal ranges of steps in between, computed by the database.</summary>
    private async Task<List<double[]>> MeansAsync(IQueryable<MetricRow> points, long first, long last, CancellationToken cancel)
    {
        var (ranges, span) = (Points - 2L, last - first);
        var ends = await AllAsync(points.Where(m => m.Step == first || m.Step == last), cancel);
        var means = await points.Where(m => m.Step > first && m.Step < last)
            .GroupBy(m => (m.Step - first) * ranges / span)
            .Select(g => new { Step = g.Average(m => m.Step), Value = g.Average(m => m.Value) })
            .ToListAsync(cancel);
        return [ends[0], .. means.OrderBy(m => m.Step).Select(m => new[] { Math.Round(m.Step), m.Value }), ends[^1]];
    }
}
