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

    [LoggerMessage(3005, LogLevel.Information, "The API listens on {Address}; Swagger UI is at /swagger")]
    public static partial void Listening(ILogger log, string address);
}
