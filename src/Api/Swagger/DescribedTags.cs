using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Orders and describes the groups of operations.</summary>
internal sealed class DescribedTags : IDocumentFilter
{
    private static readonly (string Name, string Description)[] Tags =
    [
        ("Datasets", "Upload and inspect training data."), ("Models", "Register base models."), ("Jobs", "Fine-tune a model."),
        ("Experiments", "Run and compare a grid of jobs, or a table of the paper."),
        ("Results", "Importance, metrics and events of a job."),
        ("Predictions", "Answer texts with a job's adapter, and score it on other datasets."),
        ("Files", "Download artifacts and checkpoints."), ("Webhooks", "Receive job events by HTTP."),
        ("Access", "Manage API keys and read the audit log."),
        ("OpenAI", "OpenAI-compatible endpoints for the same jobs, models and files; see docs/openai.md."),
        ("Service", "Presets, workers and health."),
    ];

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context) =>
        swaggerDoc.Tags = new SortedSet<OpenApiTag>(Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }),
            Comparer<OpenApiTag>.Create((a, b) => PlaceOf(a).CompareTo(PlaceOf(b))));

    private static int PlaceOf(OpenApiTag tag) => Array.FindIndex(Tags, known => known.Name == tag.Name);
}
