using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Storage;
using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>The curves of a long job on PostgreSQL: written as a worker writes them, read as a page draws them.</summary>
public sealed class LongCurvesFacts
{
    private const int Steps = 25_000, StepsAWrite = 250, Points = 1000;

    /// <summary>Straight lines, each with a slope of its own: sums of them are exact.</summary>
    private static readonly (string Name, double Slope)[] Curves =
        [("train/gradient_norm", 0.25), ("train/learning_rate", -1), ("train/loss", 0.5), ("train/tokens_per_second", 8)];

    [Fact]
    public async Task A_hundred_thousand_points_are_written_in_batches_and_read_as_means_with_exact_ends()
    {
        var server = await PostgresServer.SharedAsync();
        var database = await server.CreateDatabaseAsync();
        await using (var service = await TestService.StartAsync(services => services.AddPostgresRows(database)))
        {
            await service.AddInputsAsync();
            var id = await service.SubmitAsync(Given.Lora);
            var lease = await service.TakeAsync(id, Stage.TaskAdaptation);

            var started = Stopwatch.GetTimestamp();
            for (var step = 1; step <= Steps; step += StepsAWrite)
                Assert.True(await lease.RenewAsync(set => set.SetProperty(s => s.Step, step), Batch(id, step), CancellationToken.None));
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromMinutes(3));

            await service.JsonAsync($"/jobs/{id}/metrics?points=10"); // compiles the queries
            started = Stopwatch.GetTimestamp();
            var answer = await service.JsonAsync($"/jobs/{id}/metrics?points={Points}");
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));

            var series = answer.GetProperty("series").EnumerateArray().ToList();
            Assert.Equal(Curves.Select(curve => (curve.Name, Steps)),
                series.Select(s => (s.GetProperty("name").GetString()!, s.GetProperty("total").GetInt32())));
            foreach (var (curve, read) in Curves.Zip(series))
                Assert.Equal(Thinned(curve.Slope),
                    read.GetProperty("points").EnumerateArray().Select(p => (p[0].GetDouble(), p[1].GetDouble())));
        }
        await server.DropDatabaseAsync(database);
    }

    private static MetricRow[] Batch(Guid job, int first) =>
        [.. from step in Enumerable.Range(first, StepsAWrite)
            from curve in Curves
            select new MetricRow { JobId = job, Stage = Stage.TaskAdaptation, Name = curve.Name, Step = step, Value = curve.Slope * step }];

    /// <summary>The ends, and between them the mean of each of equal ranges of steps.</summary>
    private static IEnumerable<(double, double)> Thinned(double slope)
    {
        var between = Enumerable.Range(2, Steps - 2).GroupBy(step => (step - 1) * (Points - 2L) / (Steps - 1))
            .Select(range => range.Average()).ToList();
        Assert.Equal(Points - 2, between.Count);
        return [(1, slope), .. between.Select(mean => (Math.Round(mean), slope * mean)), (Steps, slope * Steps)];
    }
}
