using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Puts the groups of operations in the order in which they are needed.</summary>
internal sealed class DescribedTags : IDocumentFilter
{
    private static readonly (string Name, string Description)[] Tags =
    [
        ("Datasets", "First: what to learn from."), ("Models", "Second: what to start with."), ("Jobs", "Third: fine-tune."), ("Results", "What a job found out, while it runs and after."),
        ("Files", "What a job left."), ("Webhooks", "Be told what happens to jobs."), ("Access", "Who may do what, and who did what."), ("OpenAI", "The same jobs, models and files for OpenAI's clients: docs/openai.md."), ("Service", "The service itself."),
    ];

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context) =>
        swaggerDoc.Tags = new SortedSet<OpenApiTag>(Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }),
            Comparer<OpenApiTag>.Create((a, b) => PlaceOf(a).CompareTo(PlaceOf(b))));

    private static int PlaceOf(OpenApiTag tag) => Array.FindIndex(Tags, known => known.Name == tag.Name);
}
