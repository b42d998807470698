using System.Collections.Concurrent;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace LoraDrop.Api;

/// <summary>Pages of jobs as they were last written: many dashboards look at the same few jobs, and between two changes the page is the same.</summary>
internal sealed class JobPages(IOptions<JsonOptions> json)
{
    /// <summary>More than are looked at together; a page has a few KiB.</summary>
    private const int Most = 512;

    private readonly ConcurrentDictionary<Guid, Page> _pages = new();

    /// <summary>The page and its ETag, or null where there is no such job.</summary>
    /// <param name="db">The rows.</param>
    /// <param name="id">The job.</param>
    /// <param name="state">Its state as it was read just now.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<Page?> ReadAsync(JobsContext db, Guid id, JobState state, CancellationToken cancel)
    {
        if (_pages.TryGetValue(id, out var known) && known.ETag == state.ETag) return known;
        if (await JobReading.ReadAsync(db, id, state, cancel) is not { } view) return null;
        if (_pages.Count >= Most) _pages.Clear();
        return _pages[id] = new(JsonSerializer.SerializeToUtf8Bytes(view, json.Value.SerializerOptions), state.ETag);
    }

    /// <summary>A page as JSON.</summary>
    internal sealed record Page(ReadOnlyMemory<byte> Json, string ETag);
}
