namespace LoraDrop.Storage;

/// <summary>Where rows, objects and queued work are, and the limits that hold for all hosts.</summary>
public sealed record StorageSettings
{
    public DatabaseOptions Database { get; init; } = new();

    public ObjectOptions Objects { get; init; } = new();

    public S3Options S3 { get; init; } = new();

    public QueueOptions Queue { get; init; } = new();

    public LeaseOptions Leases { get; init; } = new();

    public SourceOptions Sources { get; init; } = new();

    public JobOptions Jobs { get; init; } = new();

    public OutgoingOptions Outgoing { get; init; } = new();

    public WebhookOptions Webhooks { get; init; } = new();
}
