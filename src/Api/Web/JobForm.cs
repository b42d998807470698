using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using LoraDrop.Api.Client;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api.Web;

/// <summary>Takes the form for a new job from a browser whose page has no connection: no WebSockets, no JavaScript.</summary>
internal static class JobForm
{
    private static readonly Dictionary<string, FieldKind> Kinds = new() { ["task.labels"] = FieldKind.List };

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/ui/session/jobs", SubmitAsync).ExcludeFromDescription().Requires(Role.Submit).DisableAntiforgery();

    /// <summary>Submits the job and shows it; or shows the form again, which names what is wrong.</summary>
    private static async Task<IResult> SubmitAsync(HttpContext http, PageCallers callers, CancellationToken cancel)
    {
        using var service = callers.Open(
            http.Request.Headers.Authorization is [{ } key] ? AuthenticationHeaderValue.Parse(key) : null, http.Connection.RemoteIpAddress);
        var form = await http.Request.ReadFormAsync(cancel);
        var fields = await SettingFields.ReadAsync(service, cancel);
        var request = new JsonObject();
        foreach (var (path, value) in form)
            RequestText.Set(request, path, KindOf(fields, path), value.ToString());
        var text = request.ToJsonString(ApiJson.Options);
        try
        {
            var job = await service.SubmitAsync(text, cancel);
            return Results.LocalRedirect($"~/ui/jobs/{job.Value.Id}");
        }
        catch (ServiceProblemException)
        {
            return Results.LocalRedirect($"~/ui/jobs/new?request={Uri.EscapeDataString(text)}");
        }
    }

    private static FieldKind KindOf(SettingFields fields, string path) =>
        Kinds.TryGetValue(path, out var kind) ? kind
        : path.StartsWith("task.", StringComparison.Ordinal) || !path.Contains('.') ? FieldKind.Text
        : fields.Find(path)?.Kind ?? FieldKind.Text;
}
