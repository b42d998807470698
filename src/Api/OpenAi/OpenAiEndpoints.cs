using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api;

/// <summary>OpenAI-compatible endpoints for the same jobs, models and files.</summary>
internal static class OpenAiEndpoints
{
    public const string Tag = "OpenAI";

    public static void MapOpenAi(this IEndpointRouteBuilder routes)
    {
        var v1 = routes.MapGroup("/v1").WithTags(Tag);
        v1.AddEndpointFilter(AnswerAsync);
        v1.MapOpenAiFiles();
        v1.MapOpenAiModels();
        v1.MapFineTuning();
    }

    /// <summary>Adds a request id to every response, and converts problems to OpenAI's errors.</summary>
    private static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        context.HttpContext.Response.Headers["x-request-id"] = context.HttpContext.TraceIdentifier;
        var result = await next(context);
        if (result is INestedHttpResult nested) result = nested.Result;
        if (result is not ProblemHttpResult problem) return result;
        RetryAfterHeader.Set(context.HttpContext, problem);
        return OpenAiErrors.From(problem.ProblemDetails);
    }
}
