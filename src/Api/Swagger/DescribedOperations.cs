using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Adds the endpoints' own documentation (<see cref="Description"/>) to their operations.</summary>
internal sealed class DescribedOperations : IOperationFilter
{
    private static readonly Dictionary<string, string> PathParameters = new()
    {
        ["id"] = "Id of the job or the experiment.",
        ["nameOrId"] = "Registered name or id.",
        ["name"] = "Name of the artifact, such as `adapter/adapter_model.safetensors`.",
        ["stage"] = "`importance-evaluation` or `task-adaptation`.",
        ["file"] = "A figure's name with `.svg`, `.png` or `.csv`.",
        ["step"] = "Optimiser step of the checkpoint.",
        ["evaluation"] = "Id of the evaluation.",
        ["webhook"] = "Id of the webhook.",
        ["delivery"] = "Id of the delivery, sent to the receiver as webhook-id.",
        ["file_id"] = "Id of the file: `file-…`.",
        ["fine_tuning_job_id"] = "Id of the job: `ftjob-…`.",
        ["model"] = "Name of a registered model, or `ft:…` of a fine-tuned one.",
        ["key"] = "Id or prefix of the key.",
    };

    /// <summary>Problems of every operation.</summary>
    private static readonly ProblemKind[] Always = [ProblemKind.Defect];

    /// <summary>Problems of every operation that requires authentication.</summary>
    private static readonly ProblemKind[] Authenticated =
        [ProblemKind.Unauthorized, ProblemKind.Forbidden, ProblemKind.HostNotAllowed, ProblemKind.TooManyRequests];

    /// <summary>Operations that do not use the database.</summary>
    private static readonly string[] WithoutDatabase = ["live", "ready", "listPresets"];

    private static readonly DescribedParameter IdempotencyHeader = new(
        IdempotencyKey.Header, "A unique value, such as a random UUID. Repeating the request with the same value within a day "
        + "returns the first response and changes nothing.", new() { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255 },
        ParameterLocation.Header);

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var creates = context.ApiDescription.HttpMethod == "POST" && !metadata.OfType<ReadsOnly>().Any();
        AddParameters(operation, [.. metadata.OfType<DescribedParameter>(), .. creates ? (DescribedParameter[])[IdempotencyHeader] : []]);
        AddBodies(operation, [.. metadata.OfType<DescribedBody>()], context);
        AddAnswers(operation, [.. metadata.OfType<DescribedAnswer>()]);
        AddProblems(operation, [.. metadata.OfType<DescribedProblems>().SelectMany(problems => problems.Kinds), .. Always,
            .. metadata.OfType<RequiredRole>().Any(needed => needed.Role is null) ? (ProblemKind[])[] : Authenticated,
            .. metadata.OfType<DescribedBody>().Any() ? (ProblemKind[])[ProblemKind.TooSlow] : [], .. creates
            ? (ProblemKind[])[ProblemKind.BadRequest, ProblemKind.IdempotencyInFlight, ProblemKind.IdempotencyReused]
            : [], .. WithoutDatabase.Contains(operation.OperationId) ? (ProblemKind[])[] : [ProblemKind.DatabaseUnreachable]], context);
    }

    private static void AddParameters(OpenApiOperation operation, IReadOnlyList<DescribedParameter> described)
    {
        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
            if (parameter.Name is { } name && PathParameters.TryGetValue(name, out var description)) parameter.Description = description;
        foreach (var parameter in described)
        {
            if (operation.Parameters?.OfType<OpenApiParameter>()
                .FirstOrDefault(known => known.Name == parameter.Name && known.In == ParameterLocation.Path) is { } inPath)
            {
                inPath.Description = parameter.Description; // a new resource describes its own id
                continue;
            }
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = parameter.Name, In = parameter.In, Description = parameter.Description, Schema = parameter.Schema,
                Explode = true,
                Style = parameter.In == ParameterLocation.Query ? ParameterStyle.Form : null,
            });
        }
    }

    private static void AddBodies(OpenApiOperation operation, IReadOnlyList<DescribedBody> bodies, OperationFilterContext context)
    {
        if (bodies.Count == 0) return;
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = bodies.All(body => body.Required),
            Content = bodies.ToDictionary(body => body.ContentType, body => (IOpenApiMediaType)new OpenApiMediaType
            {
                Schema = body.Schema ?? context.SchemaGenerator.GenerateSchema(body.Type!, context.SchemaRepository),
                Examples = body.Examples.Count == 0 ? null : body.Examples.ToDictionary(
                    example => Path.GetFileNameWithoutExtension(example.File),
                    example => (IOpenApiExample)new OpenApiExample { Summary = example.Summary, Value = Examples.Read(example.File) }),
            }),
        };
    }

    private static void AddAnswers(OpenApiOperation operation, IReadOnlyList<DescribedAnswer> answers)
    {
        foreach (var answer in answers)
        {
            var responses = operation.Responses ??= [];
            if (responses.TryGetValue($"{answer.Status}", out var known) && known is OpenApiResponse response)
                response.Description = answer.Description;
            else responses[$"{answer.Status}"] = response = new OpenApiResponse { Description = answer.Description };
            foreach (var (name, description) in answer.Headers ?? new Dictionary<string, string>())
                (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] =
                    new OpenApiHeader { Description = description, Schema = Description.Text() };
            if (answer.ContentType is { } type)
                response.Content = new Dictionary<string, IOpenApiMediaType>
                {
                    [type] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String,
                    Format = type == "application/octet-stream" ? "binary" : null } },
                };
            if (answer.Example is { } example && response.Content?.Values.FirstOrDefault() is OpenApiMediaType media)
                media.Example = Examples.Read(example);
        }
    }

    /// <summary>Adds one response per status, with its possible codes.</summary>
    private static void AddProblems(OpenApiOperation operation, IReadOnlyList<ProblemKind> kinds, OperationFilterContext context)
    {
        if (context.ApiDescription.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) == true)
            AddOpenAiErrors(operation, kinds, context);
        else foreach (var status in kinds.Distinct().GroupBy(kind => kind.Status).OrderBy(status => status.Key))
            (operation.Responses ??= [])[$"{status.Key}"] = new OpenApiResponse
            {
                Description = string.Join("\n", status.Select(kind => $"- `{kind.Code}`: {kind.Title}. {kind.Remedy}")),
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/problem+json"] = new OpenApiMediaType
                    {
                        Schema = context.SchemaGenerator.GenerateSchema(typeof(ProblemView), context.SchemaRepository),
                        Example = ExampleOf(status.First()),
                    },
                },
            };
    }

    /// <summary>The same for OpenAI-compatible endpoints, with OpenAI's statuses and format.</summary>
    private static void AddOpenAiErrors(OpenApiOperation operation, IReadOnlyList<ProblemKind> kinds, OperationFilterContext context)
    {
        foreach (var status in kinds.Distinct().GroupBy(OpenAiErrors.StatusOf).OrderBy(status => status.Key))
        {
            var error = OpenAiErrors.From(Problems.Of(status.First(), status.First().Remedy).ProblemDetails).Value;
            (operation.Responses ??= [])[$"{status.Key}"] = new OpenApiResponse
            {
                Description = string.Join("\n", status.Select(kind => $"- `{kind.Code}`: {kind.Title}. {kind.Remedy}")),
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/json"] = new OpenApiMediaType { Schema = context.SchemaGenerator.GenerateSchema(typeof(OpenAiErrorBody),
                    context.SchemaRepository), Example = JsonSerializer.SerializeToNode(error, ApiJson.Options) },
                },
            };
        }
    }

    private static JsonObject ExampleOf(ProblemKind kind)
    {
        var example = new JsonObject { ["type"] = kind.Type, ["title"] = kind.Title, ["status"] = kind.Status, ["detail"] = kind.Remedy,
            ["code"] = kind.Code };
        if (kind == ProblemKind.Invalid)
        {
            example["detail"] = "The request has 1 fault.";
            example["faults"] = new JsonArray(new JsonObject { ["path"] = "sharing.threshold", ["message"] = "must lie in (0, 1]; got 2" });
        }
        return example;
    }
}
