using Hangfire;
using Hangfire.Dashboard;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api;

/// <summary>Hangfire's own pages, for admins: what the queue carries. The rows say what is done, so there is nothing to press.</summary>
internal static class QueueDashboard
{
    public const string Path = "/hangfire";

    public static void MapQueueDashboard(this WebApplication app) => app.MapHangfireDashboard(Path, new DashboardOptions
    {
        Authorization = [new GateDecides()],
        IsReadOnlyFunc = _ => true,
        DashboardTitle = "LoRA-drop: queue",
        DisplayStorageConnectionString = false,
        AppPath = "../swagger",
    }).Needs(Role.Admin).WithMetadata(new ExcludeFromDescriptionAttribute());

    /// <summary>The gate has asked for an admin already; Hangfire's own default, local requests only, would let everybody in behind a proxy.</summary>
    private sealed class GateDecides : IDashboardAuthorizationFilter
    {
        public bool Authorize(DashboardContext context) => true;
    }
}
