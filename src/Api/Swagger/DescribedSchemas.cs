using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LoraDrop.Api;

/// <summary>Marks required fields and documents defaults.</summary>
internal sealed partial class DescribedSchemas : ISchemaFilter
{
    /// <summary>The required fields of requests; all others have defaults.</summary>
    private static readonly Dictionary<Type, string[]> RequiredOfRequests = new(
        Methods.Sections.Values.Select(settings => KeyValuePair.Create(settings, Array.Empty<string>())))
    {
        [typeof(JobRequest)] = ["model", "dataset", "task"],
        [typeof(TaskSettings)] = [],
        [typeof(TaskColumns)] = ["first", "label"],
        [typeof(ImportanceSettings)] = [],
        [typeof(SharingSettings)] = [],
        [typeof(TrainingSettings)] = [],
        [typeof(WorkerDemand)] = [],
        [typeof(TextSettings)] = [],
        [typeof(DecodingSettings)] = [],
        [typeof(PredictRequest)] = [],
        [typeof(GenerationChanges)] = [],
        [typeof(SaidMessage)] = ["role", "content"],
        [typeof(EvaluationRequest)] = ["dataset"],
        [typeof(WebhookRequest)] = ["url"],
        [typeof(WebhookChange)] = [],
        [typeof(FineTuningBody)] = ["model", "training_file"],
        [typeof(FineTuningMethodBody)] = ["type"],
        [typeof(SupervisedBody)] = [],
        [typeof(FineTuningHyperparametersBody)] = [],
        [typeof(KeyRequest)] = ["name", "role"],
        [typeof(Registration)] = ["name", "source"],
    };

    private static readonly Dictionary<Type, object> Defaults = new(
        Methods.All.DistinctBy(method => method.SettingsType)
            .Select(method => KeyValuePair.Create(method.SettingsType, (object)method.Defaults(null))))
    {
        [typeof(ImportanceSettings)] = new ImportanceSettings(),
        [typeof(SharingSettings)] = new SharingSettings(),
        [typeof(TrainingSettings)] = new TrainingSettings(),
        [typeof(WorkerDemand)] = new WorkerDemand(),
        [typeof(TextSettings)] = new TextSettings(),
        [typeof(DecodingSettings)] = new DecodingSettings(),
    };

    private static readonly Assembly[] Described = [typeof(JobRequest).Assembly, typeof(JobView).Assembly, typeof(Role).Assembly];

    private readonly NullabilityInfoContext _nullability = new();

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema known) return;
        if (context.Type.IsEnum) known.Description = $"{known.Description}\n\n{EnumComments.Of(context.Type)}".Trim();
        known.Description = Plain(known.Description);
        if (known.Properties is not { Count: > 0 } properties || !Described.Contains(context.Type.Assembly)) return;
        foreach (var property in properties.Values) property.Description = Plain(property.Description);
        known.Required = RequiredOfRequests.TryGetValue(context.Type, out var required)
            ? required.ToHashSet()
            : context.Type.GetProperties().Where(IsAlwaysThere).Select(NameOf).Where(properties.ContainsKey).ToHashSet();
        known.AdditionalPropertiesAllowed = !RequiredOfRequests.ContainsKey(context.Type);   // unknown fields are rejected
        if (known.AdditionalPropertiesAllowed) RemoveNull(context.Type, properties);
        if (!Defaults.TryGetValue(context.Type, out var defaults)) return;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(defaults, context.Type, ApiJson.Options)!.AsObject())
            if (properties.TryGetValue(name, out var property) && property is OpenApiSchema own) own.Default = value!.DeepClone();
    }

    /// <summary>Makes fields of responses optional instead of nullable: unknown fields are omitted, so that generated
    /// clients need not handle null. In requests null means the default.</summary>
    private static void RemoveNull(Type answer, IDictionary<string, IOpenApiSchema> properties)
    {
        foreach (var property in answer.GetProperties()
            .Where(p => p.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition != JsonIgnoreCondition.Never))
        {
            if (!properties.TryGetValue(NameOf(property), out var schema) || schema is not OpenApiSchema own) continue;
            if (own.Type is { } type) own.Type = type == JsonSchemaType.Null ? null : type & ~JsonSchemaType.Null;
            if (own.OneOf is { } forms) own.OneOf = [.. forms.Where(form => form.Type != JsonSchemaType.Null)];
        }
    }

    /// <summary>Rewrites a code comment for readers of the JSON API: JSON field names, and no references to code.</summary>
    private static string? Plain(string? comment)
    {
        if (comment is null) return null;
        comment = AsideOfCode().Replace(comment, "");
        return NameInCode().Replace(comment, name => $"`{JsonNamingPolicy.CamelCase.ConvertName(name.Groups[1].Value)}`").Trim();
    }

    [GeneratedRegex(@"\s*\((?:[A-Z]:)?LoraDrop\.[\w.]+\)| Past [A-Z]:LoraDrop[^ ]* it is trusted\.")]
    private static partial Regex AsideOfCode();

    [GeneratedRegex(@"(?:[A-Z]:)?LoraDrop\.(?:\w+\.)*(\w+)(?:\([^)]*\))?")]
    private static partial Regex NameInCode();

    private bool IsAlwaysThere(PropertyInfo property) => property.PropertyType.IsValueType
        ? Nullable.GetUnderlyingType(property.PropertyType) is null
        : _nullability.Create(property).ReadState == NullabilityState.NotNull;

    private static string NameOf(PropertyInfo property) =>
        property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
}
