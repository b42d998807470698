using System.Diagnostics;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Api;

/// <summary>Records every successful change in the audit log before the response is sent.</summary>
internal sealed class AuditedChanges : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var result = await next(context);
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)
            || http.GetEndpoint()?.Metadata.GetMetadata<ReadsOnly>() is not null)
            return result;
        var answer = result is INestedHttpResult nested ? nested.Result : result as IResult;
        // the second if the handler did not run
        if (answer is IStatusCodeHttpResult { StatusCode: >= 400 } || http.Response.StatusCode >= 400) return result;
        var services = http.RequestServices;
        await services.GetRequiredService<AuditLog>().WriteAsync(
            services.GetRequiredService<Caller>(), http.GetEndpoint()!.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName,
            Target(http, answer),
            http.Connection.RemoteIpAddress?.ToString(), Activity.Current?.TraceId.ToString(), http.RequestAborted);
        return result;
    }

    /// <summary>The address of the created resource, or the request's path for other changes.</summary>
    private static string Target(HttpContext http, IResult? answer) =>
        http.Features.Get<CreatedLocation>()?.Address ?? (HttpMethods.IsPost(http.Request.Method)
            && answer?.GetType().GetProperty("Location")?.GetValue(answer) is string made ? made : http.Request.Path.Value!);
}

/// <summary>The address of a created resource, for responses without a Location header.</summary>
internal sealed record CreatedLocation(string Address);

/// <summary>Marks a POST endpoint that changes nothing.</summary>
internal sealed record ReadsOnly;
