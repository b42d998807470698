using System.Net;
using LoraDrop.Storage;
using LoraDrop.Worker;

namespace LoraDrop.Cli;

/// <summary>Where an embedded service listens, and what it may use.</summary>
internal sealed record ServeOptions(IPAddress Address, int Port, WorkerOptions Worker, HubOptions Hub, bool Quiet = false, TrackingOptions? Tracking = null)
{
    /// <summary>Where webhooks, and redirects of the hub, may lead; by default to public hosts only.</summary>
    public OutgoingOptions Outgoing { get; init; } = new();

    public const int DefaultPort = 5080;

    /// <summary>Whether only this machine can reach it; then requests may name its files.</summary>
    public bool Loopback => IPAddress.IsLoopback(Address);

    /// <summary>Where a service keeps its data unless told otherwise, after the XDG base directory specification.</summary>
    public static string DefaultData => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "loradrop");
}
