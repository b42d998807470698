namespace LoraDrop.Api;

/// <summary>How the service is reached, and how much it takes.</summary>
public sealed class ApiOptions
{
    /// <summary>Whether only programs of this machine may use the service; default true. Requests under another host name than the machine's own are refused then, and so are changes that pages of other web sites ask for.</summary>
    public bool LoopbackOnly { get; set; } = true;

    /// <summary>The largest file of a dataset, in bytes; default 1 GiB.</summary>
    public long MaxUploadBytes { get; set; } = 1L << 30;

    /// <summary>The largest JSON body, in bytes; default 1 MiB.</summary>
    public long MaxJsonBytes { get; set; } = 1L << 20;

    /// <summary>Time between two looks at the rows while a stream of events is open; default 300 ms.</summary>
    public TimeSpan StreamEvery { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Silence after which a stream of events shows that it is alive; default 15 s.</summary>
    public TimeSpan HeartbeatEvery { get; set; } = TimeSpan.FromSeconds(15);
}
