using System.Collections.Concurrent;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace LoraDrop.Api;

/// <summary>Caches the JSON of jobs: many dashboards poll the same few jobs, whose JSON only changes with their ETag.</summary>
internal sealed class JobPages(IOptions<JsonOptions> json)
{
    /// <summary>More jobs than are usually polled at a time; an entry has a few KiB.</summary>
    private const int Most = 512;

    private readonly ConcurrentDictionary<Guid, Page> _pages = new();

    /// <summary>The job's JSON and its ETag, or null if the job does not exist.</summary>
    /// <param name="db">The database.</param>
    /// <param name="id">The job.</param>
    /// <param name="state">Its current state.</param>
    /// <param name="cancel">Cancels the read.</param>
    public async Task<Page?> ReadAsync(JobsContext db, Guid id, JobState state, CancellationToken cancel)
    {
        if (_pages.TryGetValue(id, out var known) && known.ETag == state.ETag) return known;
        if (await JobReading.ReadAsync(db, id, state, cancel) is not { } view) return null;
        if (_pages.Count >= Most) _pages.Clear();
        return _pages[id] = new(JsonSerializer.SerializeToUtf8Bytes(view, json.Value.SerializerOptions), state.ETag);
    }

    /// <summary>A job's JSON with its ETag.</summary>
    internal sealed record Page(ReadOnlyMemory<byte> Json, string ETag);
}
