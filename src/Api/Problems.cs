using LoraDrop.Domain;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace LoraDrop.Api;

/// <summary>Converts refusals to HTTP responses: ProblemDetails (RFC 9457) with a stable code and all faults.</summary>
public static class Problems
{
    private static readonly Dictionary<string, ProblemKind> Known = ProblemKind.All.ToDictionary(kind => kind.Code);

    public static ProblemHttpResult From(Refusal refusal) => refusal switch
    {
        Refusal.Invalid invalid => Of(ProblemKind.Invalid, invalid.Message, invalid.Faults),
        Refusal.TooMany tooMany => Of(KindOf(refusal), refusal.Message, retryAfter: tooMany.RetryAfter),
        _ => Of(KindOf(refusal), refusal.Message),
    };

    /// <summary>Converts a parser's refusal: text that is not JSON, or JSON with faults.</summary>
    public static ProblemHttpResult From(RefusedInputException refused) => IsNotJson(refused)
        ? Of(ProblemKind.NotJson, refused.Message, refused.Faults)
        : From(new Refusal.Invalid(refused.Faults));

    /// <param name="kind">The kind.</param>
    /// <param name="detail">What is wrong with this request.</param>
    /// <param name="faults">The faults, if any.</param>
    /// <param name="retryAfter">Seconds; <see cref="RetryAfterHeader"/> repeats them in the header.</param>
    public static ProblemHttpResult Of(ProblemKind kind, string detail, IReadOnlyList<Fault>? faults = null, int? retryAfter = null)
    {
        var details = new ProblemDetails { Type = kind.Type, Title = kind.Title, Status = kind.Status, Detail = detail };
        details.Extensions["code"] = kind.Code;
        if (retryAfter is { } seconds) details.Extensions["retryAfter"] = seconds;
        if (faults is not null) details.Extensions["faults"] = faults;
        return TypedResults.Problem(details);
    }

    /// <summary>An internal error, without implementation details.</summary>
    public static ProblemHttpResult Defect(string traceId)
    {
        var problem = Of(ProblemKind.Defect, "An internal error occurred. The service's log has the details under the traceId.");
        problem.ProblemDetails.Extensions["traceId"] = traceId;
        return problem;
    }

    private static ProblemKind KindOf(Refusal refusal) => Known.TryGetValue(refusal.Code, out var kind) ? kind : refusal switch
    {
        Refusal.Denied => ProblemKind.Forbidden,
        Refusal.Missing missing =>
            new(missing.Code, StatusCodes.Status404NotFound, $"{char.ToUpperInvariant(missing.What[0])}{missing.What[1..]} not found", ""),
        _ => new(refusal.Code, StatusCodes.Status409Conflict, "Conflict with the current state", ""),
    };

    /// <summary>For text that is not JSON the parser gives a line and column instead of a path.</summary>
    private static bool IsNotJson(RefusedInputException refused) =>
        refused.Faults is [{ Path: var path, Message: var message }] && path.StartsWith("line ") && message.StartsWith("is not JSON");
}
