using System.Reflection;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>The documentation that people read in a browser and programs as OpenAPI.</summary>
internal static class SwaggerSetup
{
    private const string Introduction = """
        Fine-tunes a model with **LoRA-drop**: the importance of every layer's LoRA is measured on a sample, the important layers keep a LoRA of
        their own, the others share one per module type.

        Three steps:

        1. **A dataset**: upload a file per split with `POST /datasets`. It is validated at once; what is wrong is named by file, row and column.
        2. **A model**: register one with `POST /models`, or name its source in the job: `hf:FacebookAI/roberta-base`.
        3. **A job**: `POST /jobs` with model, dataset and task; everything else has a default. Poll `GET /jobs/{id}` with `If-None-Match`, or follow
           `/jobs/{id}/events/stream`. The adapter is among `/jobs/{id}/artifacts` when the job has succeeded.

        `GET /jobs/{id}/importance?threshold=0.7` tells what another threshold T would keep, without training again.

        A service that other machines reach asks for a key (*Authorize*); it shows you what is your owner's. A POST with an `Idempotency-Key` is done once.

        Unknown fields and parameters are refused, and all faults come at once, each with its path. Refusals are problems as in RFC 9457 with a
        stable `code`. Times are RFC 3339 in UTC. What is not known is left out; nothing is ever `null`.
        """;

    public static void AddApiDocumentation(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc("v1", new OpenApiInfo { Title = "LoRA-drop", Version = ServiceVersion.Text, Description = Introduction });
            swagger.AddSecurityDefinition("key", new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A key (`ld_…`) or, where the service takes them, a token of its provider. A service that only its own machine reaches asks for none." });
            swagger.AddSecurityRequirement(document => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [] });
            swagger.SupportNonNullableReferenceTypes();
            swagger.UseAllOfToExtendReferenceSchemas();   // else a choice's own comment would hide that of the field
            swagger.MapType<JsonElement>(() => new OpenApiSchema { Description = "The event's numbers; docs/api lists them by type." });
            swagger.MapType<AutoOrNumber>(() => new OpenApiSchema { OneOf = [new OpenApiSchema { Type = JsonSchemaType.Number }, new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["auto"] }], Description = "A number, or `auto` for the default." });
            foreach (var assembly in new[] { typeof(SwaggerSetup).Assembly, typeof(JobRequest).Assembly, typeof(JobsContext).Assembly }) IncludeComments(swagger, assembly);
            swagger.SchemaFilter<DescribedSchemas>();
            swagger.OperationFilter<DescribedOperations>();
            swagger.DocumentFilter<DescribedTags>();
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

    /// <summary>The comments lie beside the assembly as XML; where somebody left them out, the documentation is shorter.</summary>
    private static void IncludeComments(SwaggerGenOptions swagger, Assembly assembly)
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml");
        if (File.Exists(file)) swagger.IncludeXmlComments(file);
    }
}
