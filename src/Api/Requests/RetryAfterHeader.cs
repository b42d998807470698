using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraDrop.Api;

/// <summary>Sets the Retry-After header of refusals that have a retry time.</summary>
internal sealed class RetryAfterHeader : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        var answer = result is INestedHttpResult nested ? nested.Result : result as IResult;
        if (answer is ProblemHttpResult problem) Set(context.HttpContext, problem);
        return result;
    }

    /// <summary>Sets the header for one response.</summary>
    public static void Set(HttpContext http, ProblemHttpResult problem)
    {
        if (problem.ProblemDetails.Extensions.TryGetValue("retryAfter", out var seconds)) http.Response.Headers.RetryAfter = $"{seconds}";
    }
}
