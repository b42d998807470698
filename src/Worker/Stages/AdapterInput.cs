using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Brings the adapter that a job continues from to this machine.</summary>
internal sealed class AdapterInput(StageInputs inputs, HubClient hub, BucketClient buckets, SourceOptions sources)
{
    private const string Field = "initialAdapter";

    /// <summary>The adapter of the job's <c>initialAdapter</c>; null if it names none.</summary>
    /// <exception cref="RefusedInputException">There is no adapter, or no longer.</exception>
    /// <exception cref="HubUnreachableException">The hub gave no usable response.</exception>
    public async Task<AdapterFolder?> FetchAsync(JobRequest request, string folder, CancellationToken cancel)
    {
        if (request.InitialAdapter is not { } written) return null;
        var to = Path.Combine(folder, "initial-adapter");
        if (Guid.TryParse(written, out var job)) return await OfJobAsync(job, to, cancel);
        switch (Source.Parse(written, Field, []))
        {
            case Source.LocalPath(var inPlace):
                return sources.Allows(inPlace)
                    ? new(inPlace, written)
                    : throw new RefusedInputException(Field, $"{inPlace} is in no folder that this worker may read");
            case Source.Hub onHub:
                var snapshot = await hub.FetchAdapterAsync(onHub, to, Field, cancel);
                return new(to, $"{written} at commit {snapshot.Commit[..Math.Min(12, snapshot.Commit.Length)]}");
            case Source.S3 inBucket:
                await buckets.FetchAdapterAsync(inBucket, to, Field, cancel);
                return new(to, written);
            default:
                throw new RefusedInputException(Field, $"{written} names no adapter");
        }
    }

    private async Task<AdapterFolder> OfJobAsync(Guid job, string to, CancellationToken cancel)
    {
        var gone = new RefusedInputException(Field, $"the adapter of job {job} was deleted after this job was submitted");
        try
        {
            foreach (var name in AdapterFiles.All)
                if (await inputs.ArtifactAsync(job, $"{RunFolder.AdapterFolder}/{name}", to, cancel) is null) throw gone;
        }
        catch (FileNotFoundException)
        {
            throw gone; // in this moment
        }
        return new(Path.Combine(to, RunFolder.AdapterFolder), $"job {job}");
    }
}
