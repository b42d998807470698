namespace LoraDrop.Storage;

/// <summary>The storage of rows, objects and the queue, and the limits that apply to all hosts.</summary>
public sealed record StorageSettings
{
    public DatabaseOptions Database { get; init; } = new();

    public ObjectOptions Objects { get; init; } = new();

    public S3Options S3 { get; init; } = new();

    public QueueOptions Queue { get; init; } = new();

    public LeaseOptions Leases { get; init; } = new();

    public SourceOptions Sources { get; init; } = new();

    public JobOptions Jobs { get; init; } = new();

    public PredictionOptions Predictions { get; init; } = new();

    public OutgoingOptions Outgoing { get; init; } = new();

    public WebhookOptions Webhooks { get; init; } = new();
}
