using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>The kinds of problems that the service answers with. The code is stable, for scripts; docs/api lists the same.</summary>
/// <param name="Code">As <c>code</c> in the answer, and the end of its <c>type</c>.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">What went wrong, the same for every occurrence.</param>
/// <param name="Remedy">What to do.</param>
public sealed record ProblemKind(string Code, int Status, string Title, string Remedy)
{
    public static readonly ProblemKind
        BadRequest = new("bad_request", StatusCodes.Status400BadRequest, "The request cannot be read", "Send it as the detail says."),
        NotJson = new("not_json", StatusCodes.Status400BadRequest, "The body is not JSON", "Mend the text at the line and column that the fault names."),
        Unauthorized = new("unauthorized", StatusCodes.Status401Unauthorized, "The service does not know who asks", "Send a key as `Authorization: Bearer ld_…`; an admin of the service makes one."),
        Forbidden = new("forbidden", StatusCodes.Status403Forbidden, "The caller may not do this", "Ask an admin of the service for a key with the role that the detail names."),
        CrossSite = new("cross_site", StatusCodes.Status403Forbidden, "Another web site asks", "Use the service from its own pages or from a program; pages of other sites may not change anything."),
        HostNotAllowed = new("host_not_allowed", StatusCodes.Status403Forbidden, "The host name is not this machine's", "Address the service as localhost or 127.0.0.1."),
        NotFound = new("not_found", StatusCodes.Status404NotFound, "There is nothing at this address", "See /swagger for the addresses that there are."),
        JobNotFound = new("job_not_found", StatusCodes.Status404NotFound, "There is no such job", "List the jobs with GET /jobs; a deleted one is gone."),
        ModelNotFound = new("model_not_found", StatusCodes.Status404NotFound, "There is no such model", "List them with GET /models?all=true."),
        DatasetNotFound = new("dataset_not_found", StatusCodes.Status404NotFound, "There is no such dataset", "List them with GET /datasets?all=true."),
        FileNotFound = new("file_not_found", StatusCodes.Status404NotFound, "There is no such file", "List them with GET /v1/files; a deleted one is gone."),
        SplitNotFound = new("split_not_found", StatusCodes.Status404NotFound, "The dataset has no such split", "Ask for one of the splits that the detail names."),
        ImportanceNotFound = new("importance_not_found", StatusCodes.Status404NotFound, "The job measures no importance", "Submit it with the method lora-drop."),
        ArtifactNotFound = new("artifact_not_found", StatusCodes.Status404NotFound, "The job has no such file", "List its files with GET /jobs/{id}/artifacts; they come as stages succeed."),
        CheckpointNotFound = new("checkpoint_not_found", StatusCodes.Status404NotFound, "The job has no such checkpoint", "List them with GET /jobs/{id}/checkpoints."),
        CheckpointReplaced = new("checkpoint_replaced", StatusCodes.Status404NotFound, "A newer checkpoint took its place", "Download the newest of the stage, or the adapter from the job's artifacts."),
        WebhookNotFound = new("webhook_not_found", StatusCodes.Status404NotFound, "There is no such webhook", "List them with GET /webhooks."),
        DeliveryNotFound = new("delivery_not_found", StatusCodes.Status404NotFound, "The webhook has no such delivery", "List them with GET /webhooks/{webhook}/deliveries; they are kept for some weeks."),
        MethodNotAllowed = new("method_not_allowed", StatusCodes.Status405MethodNotAllowed, "The address does not take this method", "The header Allow names those it takes."),
        TooSlow = new("too_slow", StatusCodes.Status408RequestTimeout, "The body came too slowly", "Send it again over a better connection: at least 240 bytes a second after the first five seconds."),
        JobEnded = new("job_ended", StatusCodes.Status409Conflict, "The job has ended", "Nothing is left to pause or cancel."),
        JobCancelling = new("job_cancelling", StatusCodes.Status409Conflict, "The job is being cancelled", "Wait until it is cancelled; a retry lets it go on."),
        JobNotPaused = new("job_not_paused", StatusCodes.Status409Conflict, "The job is not paused", "Nothing holds it up: its status says where it is."),
        JobNotEnded = new("job_not_ended", StatusCodes.Status409Conflict, "The job has not failed and was not cancelled", "Only those can be tried again; submit a new job instead."),
        JobActive = new("job_active", StatusCodes.Status409Conflict, "The job has not ended", "Cancel it first, and delete it when it has ended."),
        ModelExists = new("model_exists", StatusCodes.Status409Conflict, "A model has this name", "Choose another name, or delete that model."),
        DatasetExists = new("dataset_exists", StatusCodes.Status409Conflict, "A dataset has this name", "Choose another name, or delete that dataset."),
        ModelInUse = new("model_in_use", StatusCodes.Status409Conflict, "A job still needs the model", "Wait until the job that the detail names has ended, or cancel it."),
        DatasetInUse = new("dataset_in_use", StatusCodes.Status409Conflict, "A job still needs the dataset", "Wait until the job that the detail names has ended, or cancel it."),
        FileInUse = new("file_in_use", StatusCodes.Status409Conflict, "A job still needs the file", "Wait until the job that the detail names has ended, or cancel it."),
        ModelDeleted = new("model_deleted", StatusCodes.Status409Conflict, "The job's model is deleted", "Register it again and submit a new job."),
        DatasetDeleted = new("dataset_deleted", StatusCodes.Status409Conflict, "The job's dataset is deleted", "Upload it again and submit a new job."),
        IdempotencyInFlight = new("idempotency_in_flight", StatusCodes.Status409Conflict, "The first request with this key is being worked on", "Send it again after the seconds that Retry-After names."),
        IdempotencyReused = new("idempotency_reused", StatusCodes.Status422UnprocessableEntity, "The key was used for another request", "Use a new Idempotency-Key for each thing that is to be made."),
        KeyNotFound = new("key_not_found", StatusCodes.Status404NotFound, "There is no such key", "List them with GET /keys."),
        DatasetNotReady = new("dataset_not_ready", StatusCodes.Status409Conflict, "The dataset is not validated yet", "Ask again after the seconds that Retry-After names; where it failed, its own page says why."),
        ImportanceNotReady = new("importance_not_ready", StatusCodes.Status409Conflict, "The importance is not measured yet", "Ask again after the seconds that Retry-After names."),
        TooManyWebhooks = new("too_many_webhooks", StatusCodes.Status409Conflict, "The owner has as many webhooks as are allowed", "Delete one that is not needed."),
        WebhookDisabled = new("webhook_disabled", StatusCodes.Status409Conflict, "The webhook is disabled", "Enable it first: PATCH /webhooks/{webhook} with { \"enabled\": true }."),
        TooLarge = new("too_large", StatusCodes.Status413PayloadTooLarge, "The body is too large", "Send less: the detail names the limit."),
        UnsupportedMediaType = new("unsupported_media_type", StatusCodes.Status415UnsupportedMediaType, "The body has another content type", "Set the header Content-Type to what the detail names."),
        Invalid = new("invalid", StatusCodes.Status422UnprocessableEntity, "The request has faults", "Mend each fault at the path that it names."),
        TooManyRequests = new("too_many_requests", StatusCodes.Status429TooManyRequests, "Too many requests", "Send it again after the seconds that Retry-After names."),
        QuotaExceeded = new("quota_exceeded", StatusCodes.Status429TooManyRequests, "Too many jobs at a time", "Wait until one of them has ended, or cancel one."),
        Defect = new("defect", StatusCodes.Status500InternalServerError, "The service made an error", "Report it with the traceId; the log of the service has the rest."),
        DatabaseUnreachable = new("database_unreachable", StatusCodes.Status503ServiceUnavailable, "The database cannot be reached", "Send the request again after the seconds that Retry-After names."),
        StoreUnreachable = new("store_unreachable", StatusCodes.Status503ServiceUnavailable, "The object store cannot be reached", "Send the request again after the seconds that Retry-After names."),
        NotReady = new("not_ready", StatusCodes.Status503ServiceUnavailable, "The service cannot work now", "The detail says which check failed and why: mostly the database or the object store is gone, or the disk is full."),
        StorageFull = new("storage_full", StatusCodes.Status507InsufficientStorage, "The disk is full", "Free space in the data folder of the service, and send the request again.");

    /// <summary>All kinds, by status.</summary>
    public static IReadOnlyList<ProblemKind> All { get; } =
    [
        BadRequest, NotJson, Unauthorized, Forbidden, CrossSite, HostNotAllowed, NotFound, JobNotFound, ModelNotFound, DatasetNotFound, FileNotFound, SplitNotFound, ImportanceNotFound, ArtifactNotFound,
        CheckpointNotFound, CheckpointReplaced, WebhookNotFound, DeliveryNotFound, KeyNotFound, MethodNotAllowed, TooSlow, JobEnded, JobCancelling, JobNotPaused, JobNotEnded, JobActive, ModelExists, DatasetExists, ModelInUse, DatasetInUse, FileInUse, ModelDeleted,
        DatasetDeleted, IdempotencyInFlight, DatasetNotReady, ImportanceNotReady, TooManyWebhooks, WebhookDisabled, TooLarge, UnsupportedMediaType, Invalid, IdempotencyReused, TooManyRequests, QuotaExceeded, Defect, DatabaseUnreachable, StoreUnreachable, NotReady, StorageFull,
    ];

    public string Type => $"urn:loradrop:problem:{Code}";
}
