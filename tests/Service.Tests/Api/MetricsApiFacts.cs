using System.Diagnostics;
using System.Net;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

public sealed class MetricsApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task Curves_come_by_stage_and_name()
    {
        var id = await _service.SubmitAsync();
        await AddAsync(id, Stage.TaskAdaptation, "train/loss", 3);
        await AddAsync(id, Stage.ImportanceEvaluation, "train/loss", 2);
        await AddAsync(id, Stage.TaskAdaptation, "validation/accuracy", 1);
        var series = (await _service.JsonAsync($"/jobs/{id}/metrics")).GetProperty("series");
        Assert.Equal(["importance-evaluation train/loss 2", "task-adaptation train/loss 3", "task-adaptation validation/accuracy 1"],
            series.EnumerateArray().Select(s =>
            $"{s.GetProperty("stage").GetString()} {s.GetProperty("name").GetString()} {s.GetProperty("total")}"));
        Assert.Equal("[[1,0.5],[2,1],[3,1.5]]", series[1].GetProperty("points").GetRawText());
    }

    [Theory]
    [InlineData("name=train/loss&stage=task-adaptation", 3)]
    [InlineData("name=train/loss&from=2&to=2", 1)]
    [InlineData("name=no/such", 0)]
    [InlineData("name=train/loss&name=validation/accuracy&from=3", 3)]
    public async Task Curves_can_be_chosen(string query, int points)
    {
        var id = await _service.SubmitAsync();
        await AddAsync(id, Stage.TaskAdaptation, "train/loss", 3);
        await AddAsync(id, Stage.TaskAdaptation, "validation/accuracy", 4);
        var series = (await _service.JsonAsync($"/jobs/{id}/metrics?{query}")).GetProperty("series");
        Assert.Equal(points, series.EnumerateArray().Sum(s => s.GetProperty("points").GetArrayLength()));
    }

    [Fact]
    public async Task A_long_curve_is_thinned_in_the_database_and_keeps_its_ends()
    {
        var id = await _service.SubmitAsync();
        await AddAsync(id, Stage.TaskAdaptation, "train/loss", 100_000);
        await _service.JsonAsync($"/jobs/{id}/metrics?points=10");   // compiles the queries
        var started = Stopwatch.GetTimestamp();
        var series = (await _service.JsonAsync($"/jobs/{id}/metrics?points=500")).GetProperty("series")[0];
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        var points = series.GetProperty("points").EnumerateArray().Select(p => (Step: p[0].GetDouble(), Value: p[1].GetDouble())).ToArray();
        Assert.Equal(500, points.Length);
        Assert.Equal(100_000, series.GetProperty("total").GetInt32());
        Assert.Equal((1, 0.5), points[0]);
        Assert.Equal((100_000, 50_000), points[^1]);
        Assert.All(points, point => Assert.Equal(point.Step / 2, point.Value, 0.5));   // the mean of a straight line lies on it
        Assert.Equal(points.Select(p => p.Step).Order(), points.Select(p => p.Step));
    }

    [Fact]
    public async Task A_value_that_is_no_number_is_left_out()
    {
        var id = await _service.SubmitAsync();
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Add(new MetricRow { JobId = id, Name = "train/loss", Stage = Stage.TaskAdaptation, Step = 1,
                Value = double.PositiveInfinity });
            db.Add(new MetricRow { JobId = id, Name = "train/loss", Stage = Stage.TaskAdaptation, Step = 2, Value = 1 });
            await db.SaveChangesAsync();
        }
        Assert.Equal("[[2,1]]", (await _service.JsonAsync($"/jobs/{id}/metrics")).GetProperty("series")[0].GetProperty("points")
            .GetRawText());
    }

    [Theory]
    [InlineData("points=9", "points")]
    [InlineData("points=10001", "points")]
    [InlineData("from=-1", "from")]
    [InlineData("from=5&to=4", "from")]
    [InlineData("to=99999999999", "to")]
    [InlineData("stage=3", "stage")]
    public async Task A_bad_value_is_refused_at_its_name(string query, string path)
    {
        using var answer = await _service.GetAsync($"/jobs/{await _service.SubmitAsync()}/metrics?{query}");
        Assert.Equal([path], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    /// <summary>A straight line: half of the step.</summary>
    private async Task AddAsync(Guid job, Stage stage, string name, int points)
    {
        await using var db = await _service.Contexts.CreateDbContextAsync();
        await db.Database.ExecuteSqlAsync($"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {points})
            INSERT INTO metrics (job_id, name, stage, step, value) SELECT {job}, {name}, {JsonText.NameOf(stage)}, i, i / 2.0 FROM n
            """);
    }
}
