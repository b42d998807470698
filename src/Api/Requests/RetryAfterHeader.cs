using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraDrop.Api;

/// <summary>Says in the header when a refusal that says so may be tried again.</summary>
internal sealed class RetryAfterHeader : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        var answer = result is INestedHttpResult nested ? nested.Result : result as IResult;
        if (answer is ProblemHttpResult problem) Say(context.HttpContext, problem);
        return result;
    }

    /// <summary>Says it of one answer.</summary>
    public static void Say(HttpContext http, ProblemHttpResult problem)
    {
        if (problem.ProblemDetails.Extensions.TryGetValue("retryAfter", out var seconds)) http.Response.Headers.RetryAfter = $"{seconds}";
    }
}
