using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Storage;

/// <summary>
/// Receives the queue's log messages. Hangfire has one log provider per process, that of the service set up last; if a process runs
/// several, that service may be gone when another requests a logger, which must not keep the other from starting.
/// </summary>
internal sealed class QueueLog(ILoggerFactory own) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName)
    {
        try
        {
            return own.CreateLogger(categoryName);
        }
        catch (ObjectDisposedException)
        {
            return NullLogger.Instance;
        }
    }

    public void AddProvider(ILoggerProvider provider) => own.AddProvider(provider);

    public void Dispose() { } // the service disposes its own
}
