using System.Net.ServerSentEvents;
using System.Text.Json;
using LoraDrop.Api;

namespace LoraDrop.Cli;

/// <summary>Follows a job to its end, across broken connections and restarts of the service.</summary>
/// <param name="service">The service.</param>
/// <param name="patience">How long it may be unreachable.</param>
/// <param name="clock">Measures that.</param>
internal sealed class JobFollower(ServiceClient service, TimeSpan patience, TimeProvider clock)
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(500);

    private string? _last;
    private long? _lostAt;
    private bool _reached;

    /// <summary>Reports every event of the job once, from beginning to end.</summary>
    /// <exception cref="ServiceUnreachableException">The service is unreachable, or was for longer than the patience.</exception>
    public async Task FollowAsync(Guid job, Action<Followed> report, CancellationToken cancel)
    {
        while (!await FollowOnceAsync(job, report, cancel))
        {
            if (_lostAt is null) report(new Followed.Lost(patience));
            _lostAt ??= clock.GetTimestamp();
            if (clock.GetElapsedTime(_lostAt.Value) >= patience)
                throw new ServiceUnreachableException(
                    $"nothing answers at {ServiceAddress.Shown(service.Address)} for {patience.TotalSeconds:0} seconds; "
                    + $"the job continues when a service is started on its data. Then: loradrop jobs watch {job}");
            await Task.Delay(BetweenTries, clock, cancel);
        }
    }

    /// <summary>Follows one connection; returns true once the job has ended.</summary>
    private async Task<bool> FollowOnceAsync(Guid job, Action<Followed> report, CancellationToken cancel)
    {
        try
        {
            await foreach (var message in service.StreamAsync(job, _last, cancel))
            {
                if (_lostAt is not null) report(new Followed.Back());
                (_lostAt, _reached, _last) = (null, true, message.EventId ?? _last);
                var followed = Read(message);
                report(followed);
                if (followed is Followed.Ended) return true;
            }
            return false; // the service stops: it ends its streams without the job's end
        }
        catch (ServiceUnreachableException) when (_reached)
        {
            return false;
        }
        catch (ServiceProblemException problem) when (_reached && problem.Passing)
        {
            return false;
        }
    }

    private static Followed Read(SseItem<string> message) => message.EventType switch
    {
        "progress" => new Followed.Progressed(Parse<Api.ProgressView>(message.Data), message.Data),
        "end" => new Followed.Ended(Parse<EndView>(message.Data).Status),
        _ => new Followed.Happened(Parse<EventView>(message.Data), message.Data),
    };

    private static T Parse<T>(string json) => JsonSerializer.Deserialize<T>(json, ApiJson.Options)!;
}
