using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>Log messages of the service.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(3001, LogLevel.Error, "{Method} {Path} failed, trace {TraceId}")]
    public static partial void Defect(ILogger log, string method, string path, string traceId, Exception error);

    [LoggerMessage(3002, LogLevel.Error, "{Method} {Path} failed: the disk is full")]
    public static partial void StorageFull(ILogger log, string method, string path, Exception error);

    [LoggerMessage(3003, LogLevel.Warning, "{Method} {Path} failed: the database is unreachable: {Reason}")]
    public static partial void DatabaseUnreachable(ILogger log, string method, string path, string reason);

    [LoggerMessage(3004, LogLevel.Warning, "{Method} {Path} failed: the object store is unreachable: {Reason}")]
    public static partial void StoreUnreachable(ILogger log, string method, string path, string reason);

    [LoggerMessage(EventId = 3006, Message = "{Method} {Route} responded {Status} in {Milliseconds:0.0} ms")]
    public static partial void Answered(ILogger log, LogLevel level, string method, string route, int status, double milliseconds);

    [LoggerMessage(EventId = 3007, Message = "{Method} {Route} for job {JobId} responded {Status} in {Milliseconds:0.0} ms")]
    public static partial void AnsweredForJob(ILogger log, LogLevel level, string method, string route, object? jobId, int status,
    double milliseconds);

    [LoggerMessage(3005, LogLevel.Information, "The API listens on {Address}; Swagger UI is at /swagger")]
    public static partial void Listening(ILogger log, string address);

    [LoggerMessage(3006, LogLevel.Warning,
        "The response of {Path} could not be stored under its Idempotency-Key: {Reason} A repeated request "
        + "will find the created resource.")]
    public static partial void AnswerNotKept(ILogger log, string path, string reason);

    [LoggerMessage(3007, LogLevel.Information, "No API key is required: the API is only reachable from this machine")]
    public static partial void Open(ILogger log);

    [LoggerMessage(3008, LogLevel.Warning, "An API key is required, but none exists yet. Create one: {Command}")]
    public static partial void NoKeyYet(ILogger log, string command);

    [LoggerMessage(3101, LogLevel.Debug, "Delivery {Delivery} to webhook {Webhook}, attempt {Number}: {Status} {Outcome}")]
    public static partial void Delivered(ILogger log, Guid delivery, Guid webhook, int number, int? status, string outcome);

    [LoggerMessage(3102, LogLevel.Warning, "Webhook deliveries are delayed: {Reason}")]
    public static partial void WebhooksWait(ILogger log, string reason);

    [LoggerMessage(3103, LogLevel.Error, "Webhook deliveries failed and will be retried")]
    public static partial void WebhooksDefect(ILogger log, Exception error);
}
