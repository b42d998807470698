namespace LoraDrop.Worker;

/// <summary>The name of this worker: host, process, and a part that makes each start another.</summary>
public sealed record WorkerIdentity(string Id, string Host)
{
    public static WorkerIdentity New() => new($"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}", Environment.MachineName);
}
