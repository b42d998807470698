using System.Net;
using LoraDrop.Storage;
using LoraDrop.Worker;

namespace LoraDrop.Cli;

/// <summary>Address and resources of an embedded service.</summary>
internal sealed record ServeOptions(IPAddress Address, int Port, WorkerOptions Worker, HubOptions Hub, bool Quiet = false,
    TrackingOptions? Tracking = null)
{
    /// <summary>Hosts that webhooks and the hub's redirects may reach; default: public hosts only.</summary>
    public OutgoingOptions Outgoing { get; init; } = new();

    public const int DefaultPort = 5080;

    /// <summary>Whether only this machine can reach it; requests may then name local files.</summary>
    public bool Loopback => IPAddress.IsLoopback(Address);

    /// <summary>The default data folder, by the XDG base directory specification.</summary>
    public static string DefaultData =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            "loradrop");
}
