using LoraDrop.Domain;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Adds to the OpenAPI document what <see cref="Methods.All"/> lists: the choices, and the section of each method.</summary>
internal sealed class MethodSchemas : ISchemaFilter
{
    /// <summary>The name of a method.</summary>
    public static OpenApiSchema Choice() => Description.Choice(Methods.Names);

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties: { } properties }) return;
        if (context.Type == typeof(JobRequest) && properties["method"] is OpenApiSchema choice)
            choice.Description += "\n\n"
                + string.Join('\n', Methods.All.Select(method => $"- `{method.Name}`: {method.Summary} ({method.Source})"));
        if (context.Type == typeof(JobRequest) || context.Type == typeof(FineTuningSettings))
            foreach (var (section, type) in Methods.Sections)
                properties[section] = Section(context, type,
                    $"Settings of {string.Join(" and ", Methods.All.Where(method => method.Section == section).Select(m => m.Title))}.");
        if (context.Type == typeof(FineTuningMethod) || context.Type == typeof(FineTuningMethodBody))
            foreach (var method in Methods.All)
                properties[FineTuningRequest.SectionOf(method)] = Section(context, typeof(FineTuningSettings),
                    $"Settings for the type {method.Name}.");
    }

    private static OpenApiSchema Section(SchemaFilterContext context, Type type, string description) => new()
    {
        AllOf = [context.SchemaGenerator.GenerateSchema(type, context.SchemaRepository)], Description = description,
    };
}
