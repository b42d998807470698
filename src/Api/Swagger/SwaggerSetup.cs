using System.Reflection;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Sets up the OpenAPI document and Swagger UI.</summary>
internal static class SwaggerSetup
{
    private const string Introduction = """
        Fine-tune models with **LoRA-drop**: the importance of each layer's LoRA is measured on a sample; important layers keep their own LoRA,
        and the others share one per module type.

        Getting started:

        1. **Dataset**: upload one file per split with `POST /datasets`. Faults are reported with file, row and column.
        2. **Model**: register one with `POST /models`, or give its source in the job, such as `hf:FacebookAI/roberta-base`.
        3. **Job**: `POST /jobs` with model, dataset and task; all other settings have defaults. Poll `GET /jobs/{id}` with `If-None-Match`, or
           follow `/jobs/{id}/events/stream`. Once the job has succeeded, download the adapter from `/jobs/{id}/artifacts`.

        `GET /jobs/{id}/importance?threshold=0.7` shows what another threshold T would keep, without training again.

        A service reachable from other machines requires an API key (*Authorize*), which gives access to its owner's resources. Send an
        `Idempotency-Key` with a POST to make it safe to repeat.

        Unknown fields and parameters are rejected. Error responses are problems (RFC 9457) with a stable `code` and list all faults, each with
        its path. Times are RFC 3339 in UTC. Unknown values are omitted, never `null`.
        """;

    public static void AddApiDocumentation(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc("v1", new OpenApiInfo { Title = "LoRA-drop", Version = ServiceVersion.Text, Description = Introduction });
            swagger.AddSecurityDefinition("key",
                new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer",
                Description = "An API key (`ld_…`) or, if configured, a token of the OpenID Connect provider. Not required if only "
                + "this machine can reach the service." });
            swagger.AddSecurityRequirement(document =>
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [] });
            swagger.SupportNonNullableReferenceTypes();
            swagger.UseAllOfToExtendReferenceSchemas();   // else an enum's comment would replace that of the field
            swagger.MapType<JsonElement>(() =>
                new OpenApiSchema { Description = "Values that belong to the event; see docs/api/README.md." });
            swagger.MapType<AutoOrNumber>(() =>
                Description.OrAuto(new() { Type = JsonSchemaType.Number }, "A number, or `auto` for the default."));
            foreach (var assembly in new[] { typeof(SwaggerSetup).Assembly, typeof(JobRequest).Assembly, typeof(JobsContext).Assembly })
                IncludeComments(swagger, assembly);
            swagger.MapType<Threshold>(Description.Threshold);
            swagger.MapType<Method>(MethodSchemas.Choice);
            swagger.SchemaFilter<DescribedSchemas>();
            swagger.SchemaFilter<MethodSchemas>();
            swagger.OperationFilter<DescribedOperations>();
            swagger.DocumentFilter<DescribedTags>();
            swagger.DocumentFilter<UnwrappedText>();
        });
    }

    public static void UseApiDocumentation(this WebApplication app)
    {
        app.UseSwagger(swagger => swagger.RouteTemplate = "swagger/{documentName}/swagger.json");
        app.UseSwaggerUI(ui =>
        {
            ui.SwaggerEndpoint("v1/swagger.json", "LoRA-drop");
            ui.DocumentTitle = "LoRA-drop";
            ui.DisplayRequestDuration();
            ui.EnableDeepLinking();
            ui.DefaultModelsExpandDepth(0);
        });
    }

    /// <summary>Includes the XML comments next to the assembly, if present.</summary>
    private static void IncludeComments(SwaggerGenOptions swagger, Assembly assembly)
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml");
        if (File.Exists(file)) swagger.IncludeXmlComments(file);
    }
}
