using System.Globalization;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Api;

/// <summary>Stands before everything under <c>/jobs/{id}</c>: a job of another owner is not there. What changes jobs asks again by itself, within its transaction.</summary>
internal sealed class OwnJobs : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var reads = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (!reads || !Guid.TryParse(Convert.ToString(http.GetRouteValue("id"), CultureInfo.InvariantCulture), out var id)) return await next(context);
        var caller = http.RequestServices.GetRequiredService<Caller>();
        if (http.GetEndpoint()!.Metadata.GetMetadata<LooksItself>() is not null) return await next(context);
        var state = await http.RequestServices.GetRequiredService<JobPeek>().StateAsync(id, http.RequestAborted);
        return state is not null && caller.Sees(state.Owner) ? await next(context) : Problems.From(new Refusal.Missing("job", id.ToString()));
    }
}

/// <summary>Marks an endpoint that asks by itself whose the job is, with what it reads anyway.</summary>
internal sealed record LooksItself;
