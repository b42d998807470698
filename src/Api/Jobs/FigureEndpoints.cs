using System.Text;
using LoraDrop.Domain;
using LoraDrop.Figures;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api;

/// <summary>Pictures of what one job measured, or of how jobs compare.</summary>
internal static class FigureEndpoints
{
    private const int MostJobs = 12;

    public static void MapJobFigures(this IEndpointRouteBuilder routes)
    {
        var figures = routes.MapGroup("/jobs/figures").WithTags("Results");
        figures.MapGet("", List).WithName("listJobFigures").WithSummary("List the figures of one or several jobs.")
            .WithDescription("Of one job: importance by layer, and histograms of ‖ΔWx‖². Of several: a heatmap of importance per module "
            + "type, a column for each job.")
            .Takes("job", $"Id of a job; up to {MostJobs}.", Description.ListOf(Description.Text()))
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
        figures.MapGet("/{file}", Get).WithName("getJobFigure").WithSummary("Get a figure of one or several jobs.")
            .WithDescription("`file` is a name of the list, with the ending `.svg`, `.png` or `.csv`.")
            .Takes("job", $"Id of a job; up to {MostJobs}.", Description.ListOf(Description.Text()))
            .Takes("dark", "Draw it for a dark page.", Description.Flag(false))
            .Answers(200, "The picture, or its figures.", null, "image/svg+xml")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.FigureNotFound, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<FigureList>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var jobs = JobsIn(fields);
        if (fields.Refusal() is { } wrong) return Problems.From(wrong);
        if ((await JobFigures.DrawAsync(db, caller, jobs, dark: false, cancel)).IsRefused(out var refusal, out var figures))
            return Problems.From(refusal);
        return TypedResults.Ok(ListOf(figures, file => $"/jobs/figures/{file}?{string.Join('&', jobs.Select(job => $"job={job}"))}"));
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> Get(string file, HttpContext http, JobsContext db,
        Caller caller, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (jobs, dark) = (JobsIn(fields), fields.Flag("dark") ?? false);
        if (fields.Refusal() is { } wrong) return Problems.From(wrong);
        return (await JobFigures.DrawAsync(db, caller, jobs, dark, cancel)).IsRefused(out var refusal, out var figures)
            ? Problems.From(refusal)
            : FileOf(figures, file);
    }

    /// <summary>The figures with the addresses of their files.</summary>
    public static FigureList ListOf(IReadOnlyList<KeyValuePair<string, Figure>> figures, Func<string, string> addressOf) =>
        new([.. figures.Select(figure => new FigureView(figure.Key, figure.Value.AltText, addressOf($"{figure.Key}.svg"),
            addressOf($"{figure.Key}.png"), addressOf($"{figure.Key}.csv")))]);

    /// <summary>One of the figures, as the file that its name asks for.</summary>
    public static Results<FileContentHttpResult, ProblemHttpResult> FileOf(IReadOnlyList<KeyValuePair<string, Figure>> figures, string file)
    {
        if (figures.FirstOrDefault(figure => figure.Key == Path.GetFileNameWithoutExtension(file)).Value is { } drawn)
            switch (Path.GetExtension(file))
            {
                case ".svg": return TypedResults.Bytes(Encoding.UTF8.GetBytes(drawn.Svg), "image/svg+xml; charset=utf-8");
                case ".png": return TypedResults.Bytes(drawn.Png, "image/png");
                case ".csv": return TypedResults.Bytes(Encoding.UTF8.GetBytes(drawn.Csv), "text/csv; charset=utf-8");
            }
        return Problems.From(new Refusal.Missing("figure", file));
    }

    private static IReadOnlyList<Guid> JobsIn(QueryFields fields)
    {
        var jobs = new List<Guid>();
        foreach (var written in fields.Texts("job"))
            if (Guid.TryParse(written, out var id)) jobs.Add(id);
            else fields.Refuse("job", $"must be the id of a job; got \"{written}\"");
        if (jobs.Count is 0 or > MostJobs) fields.Refuse("job", $"must be given 1 to {MostJobs} times; got {jobs.Count}");
        return [.. jobs.Distinct()];
    }
}
