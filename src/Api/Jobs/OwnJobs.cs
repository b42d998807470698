using System.Globalization;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Api;

/// <summary>Hides jobs of other owners from everything that reads under <c>/jobs/{id}</c>. Changes check the owner themselves, within their
/// transaction.</summary>
internal sealed class OwnJobs : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var reads = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (!reads || !Guid.TryParse(Convert.ToString(http.GetRouteValue("id"), CultureInfo.InvariantCulture), out var id))
            return await next(context);
        var caller = http.RequestServices.GetRequiredService<Caller>();
        if (http.GetEndpoint()!.Metadata.GetMetadata<ChecksOwner>() is not null) return await next(context);
        var state = await http.RequestServices.GetRequiredService<JobStateReader>().StateAsync(id, http.RequestAborted);
        return state is not null && caller.Sees(state.Owner)
            ? await next(context)
            : Problems.From(new Refusal.Missing("job", id.ToString()));
    }
}

/// <summary>Marks an endpoint that checks the job's owner itself, from what it reads anyway.</summary>
internal sealed record ChecksOwner;
