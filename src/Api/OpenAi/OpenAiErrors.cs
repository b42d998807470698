using System.Text.Json.Serialization;
using LoraDrop.Domain;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace LoraDrop.Api;

/// <summary>The one place that says how a problem looks under <c>/v1</c>: as OpenAI's errors do, so that its clients throw their own exceptions.</summary>
public static class OpenAiErrors
{
    private const string Invalid = "invalid_request_error";

    /// <summary>Whether a request is for the addresses that OpenAI's clients use.</summary>
    public static bool AreFor(HttpRequest request) => request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);

    /// <summary>Answers with a problem in the shape that the address has: OpenAI's under <c>/v1</c>, RFC 9457 elsewhere.</summary>
    public static Task WriteAsync(this ProblemHttpResult problem, HttpContext http) => AreFor(http.Request) ? From(problem.ProblemDetails).ExecuteAsync(http) : problem.ExecuteAsync(http);

    public static JsonHttpResult<OpenAiErrorBody> From(ProblemDetails problem)
    {
        var code = problem.Extensions.TryGetValue("code", out var known) && known is string text ? text : "error";
        var faults = problem.Extensions.TryGetValue("faults", out var listed) ? listed as IReadOnlyList<Fault> : null;
        var message = faults is { Count: > 0 } ? string.Join("; ", faults) : problem.Detail ?? problem.Title ?? code;
        if (problem.Extensions.TryGetValue("traceId", out var traceId)) message = $"{message} (traceId {traceId})";
        var status = StatusOf(problem.Status ?? StatusCodes.Status500InternalServerError, code);
        return TypedResults.Json(new OpenAiErrorBody(new(message, TypeOf(status, code), faults?.Count > 0 ? faults[0].Path : null, CodeOf(code), faults?.Count > 0 ? faults : null)), statusCode: status);
    }

    /// <summary>The status under <c>/v1</c> of a kind of problem.</summary>
    internal static int StatusOf(ProblemKind kind) => StatusOf(kind.Status, kind.Code);

    /// <summary>
    /// OpenAI knows no 422. Its clients send a request again that was answered with 409, which helps where another request is on its way (idempotency) and not
    /// where the state of something forbids it: that is 400, as there.
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

    /// <summary>The codes that OpenAI's users look for; all others are this service's own.</summary>
    private static string CodeOf(string code) => code switch
    {
        "unauthorized" => "invalid_api_key",
        "too_many_requests" => "rate_limit_exceeded",
        "quota_exceeded" => "insufficient_quota",
        _ => code,
    };
}

/// <summary>Why a request was not done, as OpenAI's clients read it.</summary>
/// <param name="Error">The reason.</param>
public sealed record OpenAiErrorBody([property: JsonPropertyName("error")] OpenAiError Error);

/// <summary>The reason.</summary>
/// <param name="Message">What happened and what to do, for a person.</param>
/// <param name="Type">invalid_request_error, permission_error, rate_limit_error, insufficient_quota or server_error.</param>
/// <param name="Param">The parameter that is at fault, if one is: method.lora_drop.sharing.threshold.</param>
/// <param name="Code">A stable code, for scripts.</param>
/// <param name="Faults">Everything that is wrong with the request, each with its path; the first is in param too. This service's own addition.</param>
public sealed record OpenAiError(
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("param"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonPropertyName("code"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code,
    [property: JsonPropertyName("faults")] IReadOnlyList<Fault>? Faults);
