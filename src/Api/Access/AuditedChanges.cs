using System.Diagnostics;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Api;

/// <summary>Writes every change that was made into the audit, before its answer is sent.</summary>
internal sealed class AuditedChanges : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var result = await next(context);
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) || http.GetEndpoint()?.Metadata.GetMetadata<ChangesNothing>() is not null) return result;
        var answer = result is INestedHttpResult nested ? nested.Result : result as IResult;
        if (answer is IStatusCodeHttpResult { StatusCode: >= 400 } || http.Response.StatusCode >= 400) return result; // the latter where the handler was not reached
        var services = http.RequestServices;
        await services.GetRequiredService<AuditLog>().WriteAsync(
            services.GetRequiredService<Caller>(), http.GetEndpoint()!.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName, Target(http, answer),
            http.Connection.RemoteIpAddress?.ToString(), Activity.Current?.TraceId.ToString(), http.RequestAborted);
        return result;
    }

    /// <summary>What was made has its own address; else the change was to what the request names.</summary>
    private static string Target(HttpContext http, IResult? answer) =>
        http.Features.Get<MadeAt>()?.Address ?? (HttpMethods.IsPost(http.Request.Method) && answer?.GetType().GetProperty("Location")?.GetValue(answer) is string made ? made : http.Request.Path.Value!);
}

/// <summary>The address of what a request made, where its answer has no header that says so.</summary>
internal sealed record MadeAt(string Address);

/// <summary>Marks an endpoint whose POST is a question.</summary>
internal sealed record ChangesNothing;
