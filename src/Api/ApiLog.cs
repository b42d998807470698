using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>What the service logs.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(3001, LogLevel.Error, "{Method} {Path} failed, trace {TraceId}")]
    public static partial void Defect(ILogger log, string method, string path, string traceId, Exception error);

    [LoggerMessage(3002, LogLevel.Error, "{Method} {Path} found the disk full")]
    public static partial void StorageFull(ILogger log, string method, string path, Exception error);

    [LoggerMessage(3003, LogLevel.Warning, "{Method} {Path} found the database unreachable: {Reason}")]
    public static partial void DatabaseUnreachable(ILogger log, string method, string path, string reason);

    [LoggerMessage(3004, LogLevel.Warning, "{Method} {Path} found the object store unreachable: {Reason}")]
    public static partial void StoreUnreachable(ILogger log, string method, string path, string reason);

    [LoggerMessage(EventId = 3006, Message = "{Method} {Route} answered {Status} in {Milliseconds:0.0} ms")]
    public static partial void Answered(ILogger log, LogLevel level, string method, string route, int status, double milliseconds);

    [LoggerMessage(EventId = 3007, Message = "{Method} {Route} for job {JobId} answered {Status} in {Milliseconds:0.0} ms")]
    public static partial void AnsweredForJob(ILogger log, LogLevel level, string method, string route, object? jobId, int status, double milliseconds);

    [LoggerMessage(3005, LogLevel.Information, "The API listens on {Address}; Swagger UI is at /swagger")]
    public static partial void Listening(ILogger log, string address);

    [LoggerMessage(3006, LogLevel.Warning, "What {Path} made could not be noted under its Idempotency-Key: {Reason} A repeated request will find what was made.")]
    public static partial void AnswerNotKept(ILogger log, string path, string reason);

    [LoggerMessage(3007, LogLevel.Information, "It is open to this machine, and asks nobody for a key")]
    public static partial void Open(ILogger log);

    [LoggerMessage(3008, LogLevel.Warning, "It asks for a key, and there is none yet. Make one: {Command}")]
    public static partial void NoKeyYet(ILogger log, string command);

    [LoggerMessage(3101, LogLevel.Debug, "Delivery {Delivery} to webhook {Webhook}, attempt {Number}: {Status} {Outcome}")]
    public static partial void Delivered(ILogger log, Guid delivery, Guid webhook, int number, int? status, string outcome);

    [LoggerMessage(3102, LogLevel.Warning, "Webhooks wait: {Reason}")]
    public static partial void WebhooksWait(ILogger log, string reason);

    [LoggerMessage(3103, LogLevel.Error, "Webhooks could not be sent; they are tried again")]
    public static partial void WebhooksDefect(ILogger log, Exception error);
}
