using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Writes what endpoints say of themselves (<see cref="Description"/>) into their operations.</summary>
internal sealed class DescribedOperations : IOperationFilter
{
    private static readonly Dictionary<string, string> PathParameters = new()
    {
        ["id"] = "The id of the job.",
        ["nameOrId"] = "The name it is registered under, or its id.",
        ["name"] = "The name of the file, as the list has it: `adapter/adapter_model.safetensors`.",
        ["stage"] = "`importance-evaluation` or `task-adaptation`.",
        ["step"] = "The optimiser step.",
        ["webhook"] = "The id of the webhook.",
        ["delivery"] = "The id of the delivery, which was sent as webhook-id.",
        ["file_id"] = "The id of the file: `file-…`.",
        ["fine_tuning_job_id"] = "The id of the job: `ftjob-…`.",
        ["model"] = "The registered name, or `ft:…` of one that a job made.",
        ["key"] = "The id of the key, or its prefix.",
    };

    /// <summary>What any operation may answer with.</summary>
    private static readonly ProblemKind[] Everywhere = [ProblemKind.Defect];

    /// <summary>What any operation may answer with that asks who the caller is.</summary>
    private static readonly ProblemKind[] BehindTheGate = [ProblemKind.Unauthorized, ProblemKind.Forbidden, ProblemKind.HostNotAllowed, ProblemKind.TooManyRequests];

    /// <summary>Operations that ask no database.</summary>
    private static readonly string[] WithoutRows = ["live", "ready", "listPresets"];

    private static readonly DescribedParameter Repeatable = new(
        IdempotencyKey.Header, "A text of your own, such as a random UUID: sent again with it, within a day, the request does nothing and has the same answer.", new() { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255 }, ParameterLocation.Header);

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var creates = context.ApiDescription.HttpMethod == "POST" && !metadata.OfType<ChangesNothing>().Any();
        AddParameters(operation, [.. metadata.OfType<DescribedParameter>(), .. creates ? (DescribedParameter[])[Repeatable] : []]);
        AddBodies(operation, [.. metadata.OfType<DescribedBody>()], context);
        AddAnswers(operation, [.. metadata.OfType<DescribedAnswer>()]);
        AddProblems(operation, [.. metadata.OfType<DescribedProblems>().SelectMany(problems => problems.Kinds), .. Everywhere, .. metadata.OfType<NeededRole>().Any(needed => needed.Role is null) ? (ProblemKind[])[] : BehindTheGate,
            .. metadata.OfType<DescribedBody>().Any() ? (ProblemKind[])[ProblemKind.TooSlow] : [], .. creates ? (ProblemKind[])[ProblemKind.BadRequest, ProblemKind.IdempotencyInFlight, ProblemKind.IdempotencyReused] : [], .. WithoutRows.Contains(operation.OperationId) ? (ProblemKind[])[] : [ProblemKind.DatabaseUnreachable]], context);
    }

    private static void AddParameters(OpenApiOperation operation, IReadOnlyList<DescribedParameter> described)
    {
        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
            if (parameter.Name is { } name && PathParameters.TryGetValue(name, out var description)) parameter.Description = description;
        foreach (var parameter in described)
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = parameter.Name, In = parameter.In, Description = parameter.Description, Schema = parameter.Schema,
                Explode = true,
                Style = parameter.In == ParameterLocation.Query ? ParameterStyle.Form : null,
            });
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
                    example => Path.GetFileNameWithoutExtension(example.File), example => (IOpenApiExample)new OpenApiExample { Summary = example.Summary, Value = Examples.Read(example.File) }),
            }),
        };
    }

    private static void AddAnswers(OpenApiOperation operation, IReadOnlyList<DescribedAnswer> answers)
    {
        foreach (var answer in answers)
        {
            var responses = operation.Responses ??= [];
            if (responses.TryGetValue($"{answer.Status}", out var known) && known is OpenApiResponse response) response.Description = answer.Description;
            else responses[$"{answer.Status}"] = response = new OpenApiResponse { Description = answer.Description };
            foreach (var (name, description) in answer.Headers ?? new Dictionary<string, string>())
                (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] = new OpenApiHeader { Description = description, Schema = Description.Text() };
            if (answer.ContentType is { } type)
                response.Content = new Dictionary<string, IOpenApiMediaType>
                {
                    [type] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = type == "application/octet-stream" ? "binary" : null } },
                };
            if (answer.Example is { } example && response.Content?.Values.FirstOrDefault() is OpenApiMediaType media) media.Example = Examples.Read(example);
        }
    }

    /// <summary>A response per status, with the codes that it may have.</summary>
    private static void AddProblems(OpenApiOperation operation, IReadOnlyList<ProblemKind> kinds, OperationFilterContext context)
    {
        if (context.ApiDescription.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) == true) AddOpenAiErrors(operation, kinds, context);
        else foreach (var status in kinds.Distinct().GroupBy(kind => kind.Status).OrderBy(status => status.Key))
            (operation.Responses ??= [])[$"{status.Key}"] = new OpenApiResponse
            {
                Description = string.Join("\n", status.Select(kind => $"- `{kind.Code}`: {kind.Title}. {kind.Remedy}")),
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/problem+json"] = new OpenApiMediaType
                    {
                        Schema = context.SchemaGenerator.GenerateSchema(typeof(ProblemView), context.SchemaRepository), Example = ExampleOf(status.First()),
                    },
                },
            };
    }

    /// <summary>The same under OpenAI's addresses, where statuses and shape are OpenAI's.</summary>
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
                    ["application/json"] = new OpenApiMediaType { Schema = context.SchemaGenerator.GenerateSchema(typeof(OpenAiErrorBody), context.SchemaRepository), Example = JsonSerializer.SerializeToNode(error, ApiJson.Options) },
                },
            };
        }
    }

    private static JsonObject ExampleOf(ProblemKind kind)
    {
        var example = new JsonObject { ["type"] = kind.Type, ["title"] = kind.Title, ["status"] = kind.Status, ["detail"] = kind.Remedy, ["code"] = kind.Code };
        if (kind == ProblemKind.Invalid)
        {
            example["detail"] = "The request has 1 fault.";
            example["faults"] = new JsonArray(new JsonObject { ["path"] = "sharing.threshold", ["message"] = "must lie in (0, 1]; got 2" });
        }
        return example;
    }
}
