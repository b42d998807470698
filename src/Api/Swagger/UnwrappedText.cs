using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Joins the lines of wrapped XML comments in every summary and description. Paragraphs and list items keep their line
/// breaks.</summary>
internal sealed partial class UnwrappedText : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        foreach (var operation in swaggerDoc.Paths.Values.SelectMany(path => path.Operations ?? []).Select(entry => entry.Value))
            Unwrap(operation);
        foreach (var schema in swaggerDoc.Components?.Schemas?.Values ?? []) Unwrap(schema);
    }

    private static void Unwrap(OpenApiOperation operation)
    {
        operation.Summary = Unwrapped(operation.Summary);
        operation.Description = Unwrapped(operation.Description);
        foreach (var parameter in operation.Parameters ?? [])
        {
            parameter.Description = Unwrapped(parameter.Description);
            Unwrap(parameter.Schema);
        }
        foreach (var (_, response) in operation.Responses ?? []) response.Description = Unwrapped(response.Description);
        foreach (var (_, content) in operation.RequestBody?.Content ?? new Dictionary<string, IOpenApiMediaType>()) Unwrap(content.Schema);
    }

    private static void Unwrap(IOpenApiSchema? schema)
    {
        if (schema is not OpenApiSchema own) return; // a reference; its target is among the components
        own.Description = Unwrapped(own.Description);
        foreach (var part in (own.Properties?.Values ?? []).Concat(own.AllOf ?? []).Concat(own.OneOf ?? [])) Unwrap(part);
        Unwrap(own.Items);
        Unwrap(own.AdditionalProperties);
    }

    private static string? Unwrapped(string? text) => text is null ? null : WrappedLine().Replace(text, " ");

    [GeneratedRegex(@"(?<!\n)[ \t]*\r?\n(?>[ \t]*)(?!\r?\n|- |\d+\. )")]
    private static partial Regex WrappedLine();
}
