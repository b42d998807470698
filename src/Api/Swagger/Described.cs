using System.Text.Json.Nodes;
using LoraDrop.Domain;
using Microsoft.AspNetCore.Builder;
using Microsoft.OpenApi;

namespace LoraDrop.Api;

/// <summary>Documents a parameter that a handler reads from the request itself.</summary>
internal sealed record DescribedParameter(string Name, string Description, OpenApiSchema Schema,
    ParameterLocation In = ParameterLocation.Query);

/// <summary>Documents a body that a handler reads from the request itself, with examples by name.</summary>
internal sealed record DescribedBody(string ContentType, Type? Type, IReadOnlyList<DescribedExample> Examples, OpenApiSchema? Schema = null,
    bool Required = true);

/// <summary>Documents a response missing from the handler's type, or adds an example to one.</summary>
internal sealed record DescribedAnswer(int Status, string Description, string? ContentType = null, string? Example = null,
    IReadOnlyDictionary<string, string>? Headers = null);

/// <summary>An example from the folder Examples.</summary>
internal sealed record DescribedExample(string File, string Summary);

/// <summary>Documents the problems of an endpoint, in addition to those common to all.</summary>
internal sealed record DescribedProblems(IReadOnlyList<ProblemKind> Kinds);

/// <summary>Extension methods with which endpoints document themselves.</summary>
internal static class Description
{
    public static TBuilder Takes<TBuilder>(this TBuilder endpoint, string name, string description, OpenApiSchema schema)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new DescribedParameter(name, description, schema));

    public static TBuilder TakesHeader<TBuilder>(this TBuilder endpoint, string name, string description)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new DescribedParameter(name, description, Text(), ParameterLocation.Header));

    public static TBuilder TakesJson<TBuilder>(this TBuilder endpoint, Type type, params DescribedExample[] examples)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new DescribedBody("application/json", type, examples));

    /// <summary>An optional merge patch (RFC 7396).</summary>
    public static TBuilder TakesPatch<TBuilder>(this TBuilder endpoint, string description, params DescribedExample[] examples)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new DescribedBody("application/json", null, examples,
            new OpenApiSchema { Type = JsonSchemaType.Object, Description = description }, Required: false));

    public static TBuilder TakesForm<TBuilder>(this TBuilder endpoint, OpenApiSchema schema) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new DescribedBody("multipart/form-data", null, [], schema));

    public static TBuilder Answers<TBuilder>(this TBuilder endpoint, int status, string description, string? example = null,
        string? contentType = null, params (string Name, string Description)[] headers)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new DescribedAnswer(status, description, contentType, example,
            headers.ToDictionary(h => h.Name, h => h.Description)));

    public static TBuilder Refuses<TBuilder>(this TBuilder endpoint, params ProblemKind[] kinds)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new DescribedProblems(kinds));

    public static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    public static OpenApiSchema Integer(long least, long most, long? defaultValue = null) => new()
    {
        Type = JsonSchemaType.Integer, Format = most > int.MaxValue ? "int64" : "int32", Minimum = $"{least}", Maximum = $"{most}",
        Default = defaultValue is { } value ? JsonValue.Create(value) : null,
    };

    public static OpenApiSchema Flag(bool defaultValue) =>
        new() { Type = JsonSchemaType.Boolean, Default = JsonValue.Create(defaultValue) };

    /// <summary>A number in (0, 1].</summary>
    public static OpenApiSchema Fraction() =>
        new() { Type = JsonSchemaType.Number, Format = "double", ExclusiveMinimum = "0", Maximum = "1" };

    /// <summary>A number in (0, 1], or auto.</summary>
    public static OpenApiSchema Threshold() => OrAuto(Fraction());

    /// <summary>A number, or auto.</summary>
    public static OpenApiSchema OrAuto(OpenApiSchema number, string? description = null) => new()
    {
        OneOf = [number, new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["auto"] }], Description = description,
    };

    public static OpenApiSchema Choice<T>(T? defaultValue = null) where T : struct, Enum => new()
    {
        Type = JsonSchemaType.String, Enum = [.. Enum.GetValues<T>().Select(value => JsonValue.Create(JsonText.NameOf(value)))],
        Default = defaultValue is { } value ? JsonValue.Create(JsonText.NameOf(value)) : null,
    };

    public static OpenApiSchema Choice(IEnumerable<string> names) =>
        new() { Type = JsonSchemaType.String, Enum = [.. names.Select(name => (JsonNode)JsonValue.Create(name))] };

    /// <summary>A repeatable parameter.</summary>
    public static OpenApiSchema ListOf(OpenApiSchema each) => new() { Type = JsonSchemaType.Array, Items = each };
}
