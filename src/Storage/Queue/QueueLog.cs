using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Storage;

/// <summary>
/// Where the queue's own messages go. Hangfire has one log for the whole process, that of the service which was set up last; where a
/// process runs several, that one may be gone when another asks it for a logger, and must not keep the other from starting.
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

    public void Dispose() { } // the service disposes of its own
}
