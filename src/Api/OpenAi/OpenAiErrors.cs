using System.Text.Json.Serialization;
using LoraDrop.Domain;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace LoraDrop.Api;

/// <summary>Converts problems to OpenAI's error format under <c>/v1</c>, so that its clients throw the right exceptions.</summary>
public static class OpenAiErrors
{
    private const string Invalid = "invalid_request_error";

    /// <summary>Whether a request is for the OpenAI-compatible endpoints.</summary>
    public static bool AreFor(HttpRequest request) => request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);

    /// <summary>Writes a problem: in OpenAI's format under <c>/v1</c>, as RFC 9457 elsewhere.</summary>
    public static Task WriteAsync(this ProblemHttpResult problem, HttpContext http) =>
        AreFor(http.Request) ? From(problem.ProblemDetails).ExecuteAsync(http) : problem.ExecuteAsync(http);

    public static JsonHttpResult<OpenAiErrorBody> From(ProblemDetails problem)
    {
        var code = problem.Extensions.TryGetValue("code", out var known) && known is string text ? text : "error";
        var faults = problem.Extensions.TryGetValue("faults", out var listed) ? listed as IReadOnlyList<Fault> : null;
        var message = faults is { Count: > 0 } ? string.Join("; ", faults) : problem.Detail ?? problem.Title ?? code;
        if (problem.Extensions.TryGetValue("traceId", out var traceId)) message = $"{message} (traceId {traceId})";
        var status = StatusOf(problem.Status ?? StatusCodes.Status500InternalServerError, code);
        return TypedResults.Json(new OpenAiErrorBody(new(message, TypeOf(status, code), faults?.Count > 0 ? faults[0].Path : null,
            CodeOf(code), faults?.Count > 0 ? faults : null)), statusCode: status);
    }

    /// <summary>The status of a problem under <c>/v1</c>.</summary>
    internal static int StatusOf(ProblemKind kind) => StatusOf(kind.Status, kind.Code);

    /// <summary>
    /// OpenAI does not use 422. Its clients retry on 409, which helps while an idempotent request is in progress, but not
    /// if a resource's state forbids the request: that is 400, as in OpenAI's API.
    /// </summary>
    private static int StatusOf(int status, string code) => status switch
    {
        StatusCodes.Status422UnprocessableEntity => StatusCodes.Status400BadRequest,
        StatusCodes.Status409Conflict when !code.StartsWith("idempotency", StringComparison.Ordinal) => StatusCodes.Status400BadRequest,
        StatusCodes.Status507InsufficientStorage => StatusCodes.Status503ServiceUnavailable,
        _ => status,
    };

    private static string TypeOf(int status, string code) => status switch
    {
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => code == ProblemKind.QuotaExceeded.Code ? "insufficient_quota" : "rate_limit_error",
        >= 500 => "server_error",
        _ => Invalid,
    };

    /// <summary>Maps to OpenAI's codes where there is one; other codes are this service's own.</summary>
    private static string CodeOf(string code) => code switch
    {
        "unauthorized" => "invalid_api_key",
        "too_many_requests" => "rate_limit_exceeded",
        "quota_exceeded" => "insufficient_quota",
        _ => code,
    };
}

/// <summary>An error response in OpenAI's format.</summary>
/// <param name="Error">The error.</param>
public sealed record OpenAiErrorBody([property: JsonPropertyName("error")] OpenAiError Error);

/// <summary>An error in OpenAI's format.</summary>
/// <param name="Message">What went wrong and how to fix it.</param>
/// <param name="Type">invalid_request_error, permission_error, rate_limit_error, insufficient_quota or server_error.</param>
/// <param name="Param">The parameter with the first fault, if any, such as method.lora_drop.sharing.threshold.</param>
/// <param name="Code">A stable, machine-readable code.</param>
/// <param name="Faults">All faults of the request, each with its path. An extension of this service.</param>
public sealed record OpenAiError(
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("param"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonPropertyName("code"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code,
    [property: JsonPropertyName("faults")] IReadOnlyList<Fault>? Faults);
