using Hangfire;
using Hangfire.Dashboard;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api;

/// <summary>Hangfire's dashboard, for admins. Read-only, since the database rows determine what runs.</summary>
internal static class QueueDashboard
{
    public const string Path = "/hangfire";

    public static void MapQueueDashboard(this WebApplication app) => app.MapHangfireDashboard(Path, new DashboardOptions
    {
        Authorization = [new AlwaysAllow()],
        IsReadOnlyFunc = _ => true,
        DashboardTitle = "LoRA-drop: queue",
        DisplayStorageConnectionString = false,
        AppPath = "../swagger",
    }).Requires(Role.Admin).WithMetadata(new ExcludeFromDescriptionAttribute());

    /// <summary>The gate has already required an admin. Hangfire's default, local requests only, would admit everyone behind a
    /// proxy.</summary>
    private sealed class AlwaysAllow : IDashboardAuthorizationFilter
    {
        public bool Authorize(DashboardContext context) => true;
    }
}
