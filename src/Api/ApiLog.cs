using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>What the service logs.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(3001, LogLevel.Error, "{Method} {Path} failed, trace {TraceId}")]
    public static partial void Defect(ILogger log, string method, string path, string traceId, Exception error);

    [LoggerMessage(3002, LogLevel.Error, "{Method} {Path} found the disk full")]
    public static partial void StorageFull(ILogger log, string method, string path, Exception error);

    [LoggerMessage(3003, LogLevel.Warning, "The check {What} failed")]
    public static partial void CheckFailed(ILogger log, string what, Exception error);
}
