namespace LoraDrop.Worker;

/// <summary>The id of this worker: host, process and a random part, new at each start.</summary>
public sealed record WorkerIdentity(string Id, string Host)
{
    public static WorkerIdentity New() =>
        new($"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}", Environment.MachineName);
}
