using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>The problems the service responds with. Codes are stable; docs/api/README.md lists them.</summary>
/// <param name="Code">The <c>code</c> of the response, and the last part of its <c>type</c>.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">A short description of the problem, the same for every occurrence.</param>
/// <param name="Remedy">How to fix it.</param>
public sealed record ProblemKind(string Code, int Status, string Title, string Remedy)
{
    public static readonly ProblemKind
        BadRequest = new("bad_request", StatusCodes.Status400BadRequest, "Malformed request", "Fix the request as the detail describes."),
        NotJson = new("not_json", StatusCodes.Status400BadRequest, "Invalid JSON", "Fix the syntax error at the line and column given in the fault."),
        Unauthorized = new("unauthorized", StatusCodes.Status401Unauthorized, "Authentication required", "Send an API key as `Authorization: Bearer ld_…`. An admin can create one."),
        Forbidden = new("forbidden", StatusCodes.Status403Forbidden, "Permission denied", "Ask an admin for an API key with the role given in the detail."),
        CrossSite = new("cross_site", StatusCodes.Status403Forbidden, "Cross-site request blocked", "Send the request from the service's own pages or from a program. Other web sites cannot make changes."),
        HostNotAllowed = new("host_not_allowed", StatusCodes.Status403Forbidden, "Host not allowed", "Use localhost or 127.0.0.1 as the host."),
        NotFound = new("not_found", StatusCodes.Status404NotFound, "Not found", "See /swagger for the available endpoints."),
        JobNotFound = new("job_not_found", StatusCodes.Status404NotFound, "Job not found", "List jobs with GET /jobs. Deleted jobs are listed with GET /jobs?deleted=true."),
        ModelNotFound = new("model_not_found", StatusCodes.Status404NotFound, "Model not found", "List models with GET /models?all=true."),
        DatasetNotFound = new("dataset_not_found", StatusCodes.Status404NotFound, "Dataset not found", "List datasets with GET /datasets?all=true."),
        FileNotFound = new("file_not_found", StatusCodes.Status404NotFound, "File not found", "List files with GET /v1/files."),
        SplitNotFound = new("split_not_found", StatusCodes.Status404NotFound, "Split not found", "Use one of the splits listed in the detail."),
        ImportanceNotFound = new("importance_not_found", StatusCodes.Status404NotFound, "Importance not available", "Only jobs with the method lora-drop measure importance."),
        ArtifactNotFound = new("artifact_not_found", StatusCodes.Status404NotFound, "Artifact not found", "List the job's artifacts with GET /jobs/{id}/artifacts. They appear as stages succeed."),
        CheckpointNotFound = new("checkpoint_not_found", StatusCodes.Status404NotFound, "Checkpoint not found", "List the job's checkpoints with GET /jobs/{id}/checkpoints."),
        CheckpointReplaced = new("checkpoint_replaced", StatusCodes.Status404NotFound, "Checkpoint replaced by a newer one", "Download the latest checkpoint of the stage, or the adapter from the job's artifacts."),
        WebhookNotFound = new("webhook_not_found", StatusCodes.Status404NotFound, "Webhook not found", "List webhooks with GET /webhooks."),
        DeliveryNotFound = new("delivery_not_found", StatusCodes.Status404NotFound, "Delivery not found", "List deliveries with GET /webhooks/{webhook}/deliveries. Old deliveries are removed after some weeks."),
        MethodNotAllowed = new("method_not_allowed", StatusCodes.Status405MethodNotAllowed, "Method not allowed", "Use one of the methods listed in the Allow header."),
        TooSlow = new("too_slow", StatusCodes.Status408RequestTimeout, "Request body sent too slowly", "Send the body at 240 bytes per second or faster after the first five seconds."),
        JobEnded = new("job_ended", StatusCodes.Status409Conflict, "Job already ended", "A job that has ended cannot be paused or cancelled."),
        JobCancelling = new("job_cancelling", StatusCodes.Status409Conflict, "Job is being cancelled", "Wait until the job is cancelled, then retry it to continue."),
        JobNotPaused = new("job_not_paused", StatusCodes.Status409Conflict, "Job is not paused", "Only paused jobs can be resumed. Check the job's status."),
        JobNotEnded = new("job_not_ended", StatusCodes.Status409Conflict, "Job cannot be retried", "Only failed or cancelled jobs can be retried. Submit a new job instead."),
        JobActive = new("job_active", StatusCodes.Status409Conflict, "Job has not ended", "Cancel the job, wait until it has ended, then delete it."),
        ModelExists = new("model_exists", StatusCodes.Status409Conflict, "Model already exists", "Choose another name or delete the existing model."),
        DatasetExists = new("dataset_exists", StatusCodes.Status409Conflict, "Dataset already exists", "Choose another name or delete the existing dataset."),
        ModelInUse = new("model_in_use", StatusCodes.Status409Conflict, "Model in use", "Wait for the job given in the detail to end, or cancel it."),
        DatasetInUse = new("dataset_in_use", StatusCodes.Status409Conflict, "Dataset in use", "Wait for the job given in the detail to end, or cancel it."),
        FileInUse = new("file_in_use", StatusCodes.Status409Conflict, "File in use", "Wait for the job given in the detail to end, or cancel it."),
        ModelDeleted = new("model_deleted", StatusCodes.Status409Conflict, "Model deleted", "Register the model again and submit a new job."),
        DatasetDeleted = new("dataset_deleted", StatusCodes.Status409Conflict, "Dataset deleted", "Upload the dataset again and submit a new job."),
        IdempotencyInFlight = new("idempotency_in_flight", StatusCodes.Status409Conflict, "Request with this Idempotency-Key in progress", "Retry after the number of seconds in Retry-After."),
        IdempotencyReused = new("idempotency_reused", StatusCodes.Status422UnprocessableEntity, "Idempotency-Key already used", "Use a new Idempotency-Key for each distinct request."),
        KeyNotFound = new("key_not_found", StatusCodes.Status404NotFound, "API key not found", "List API keys with GET /keys."),
        DatasetNotReady = new("dataset_not_ready", StatusCodes.Status409Conflict, "Dataset not ready", "Retry after the number of seconds in Retry-After. If validation failed, GET /datasets/{nameOrId} shows the reason."),
        ImportanceNotReady = new("importance_not_ready", StatusCodes.Status409Conflict, "Importance not ready", "Retry after the number of seconds in Retry-After."),
        TooManyWebhooks = new("too_many_webhooks", StatusCodes.Status409Conflict, "Too many webhooks", "Delete a webhook that is no longer needed."),
        WebhookDisabled = new("webhook_disabled", StatusCodes.Status409Conflict, "Webhook disabled", "Enable the webhook: PATCH /webhooks/{webhook} with { \"enabled\": true }."),
        TooLarge = new("too_large", StatusCodes.Status413PayloadTooLarge, "Request too large", "Stay within the limit given in the detail."),
        UnsupportedMediaType = new("unsupported_media_type", StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", "Set the Content-Type header to the type given in the detail."),
        Invalid = new("invalid", StatusCodes.Status422UnprocessableEntity, "Validation failed", "Fix each fault at the path it gives."),
        TooManyRequests = new("too_many_requests", StatusCodes.Status429TooManyRequests, "Too many requests", "Retry after the number of seconds in Retry-After."),
        QuotaExceeded = new("quota_exceeded", StatusCodes.Status429TooManyRequests, "Job quota exceeded", "Wait for one of your jobs to end, or cancel one."),
        Defect = new("defect", StatusCodes.Status500InternalServerError, "Internal error", "Report the error with its traceId. The service's log has the details."),
        DatabaseUnreachable = new("database_unreachable", StatusCodes.Status503ServiceUnavailable, "Database unreachable", "Retry after the number of seconds in Retry-After."),
        StoreUnreachable = new("store_unreachable", StatusCodes.Status503ServiceUnavailable, "Object store unreachable", "Retry after the number of seconds in Retry-After."),
        NotReady = new("not_ready", StatusCodes.Status503ServiceUnavailable, "Service not ready", "Check the dependency given in the detail: usually the database, the object store or a full disk."),
        StorageFull = new("storage_full", StatusCodes.Status507InsufficientStorage, "Disk full", "Free space in the service's data folder and retry.");

    /// <summary>All kinds, by status.</summary>
    public static IReadOnlyList<ProblemKind> All { get; } =
    [
        BadRequest, NotJson, Unauthorized, Forbidden, CrossSite, HostNotAllowed, NotFound, JobNotFound, ModelNotFound, DatasetNotFound, FileNotFound, SplitNotFound, ImportanceNotFound, ArtifactNotFound,
        CheckpointNotFound, CheckpointReplaced, WebhookNotFound, DeliveryNotFound, KeyNotFound, MethodNotAllowed, TooSlow, JobEnded, JobCancelling, JobNotPaused, JobNotEnded, JobActive, ModelExists, DatasetExists, ModelInUse, DatasetInUse, FileInUse, ModelDeleted,
        DatasetDeleted, IdempotencyInFlight, DatasetNotReady, ImportanceNotReady, TooManyWebhooks, WebhookDisabled, TooLarge, UnsupportedMediaType, Invalid, IdempotencyReused, TooManyRequests, QuotaExceeded, Defect, DatabaseUnreachable, StoreUnreachable, NotReady, StorageFull,
    ];

    public string Type => $"urn:loradrop:problem:{Code}";
}
