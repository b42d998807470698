using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>One part of a list.</summary>
/// <param name="Rows">At most as many as were asked for.</param>
/// <param name="HasMore">Whether the list goes on after them.</param>
internal sealed record Page<T>(IReadOnlyList<T> Rows, bool HasMore)
{
    /// <summary>Writes the header Link and returns the cursor of the next part; null where the list ends.</summary>
    public string? Next(HttpContext http, Func<T, Guid> id)
    {
        if (!HasMore) return null;
        var next = Cursor.Of(id(Rows[^1]));
        NextLink.Write(http, next);
        return next;
    }

    /// <summary>As <see cref="Next(HttpContext, Func{T, Guid})"/>, for lists that go on after a number.</summary>
    public long? Next(HttpContext http, string parameter, Func<T, long> id)
    {
        if (!HasMore) return null;
        var next = id(Rows[^1]);
        NextLink.Write(http, next.ToString(CultureInfo.InvariantCulture), parameter);
        return next;
    }

    public Page<TView> Select<TView>(Func<T, TView> view) => new([.. Rows.Select(view)], HasMore);
}

/// <summary>Cuts lists into pages: one row more than is shown is read, which tells whether there are more.</summary>
internal static class Page
{
    /// <param name="ordered">The list, from where the page begins.</param>
    /// <param name="limit">The most rows of the page.</param>
    /// <param name="cancel">Cancels the operation.</param>
    public static async Task<Page<T>> PageAsync<T>(this IQueryable<T> ordered, int limit, CancellationToken cancel) =>
        Of(await ordered.Take(limit + 1).ToListAsync(cancel), limit);

    /// <param name="found">The page's rows, and one more where there is one.</param>
    /// <param name="limit">The most rows of the page.</param>
    public static Page<T> Of<T>(IReadOnlyList<T> found, int limit) => new([.. found.Take(limit)], found.Count > limit);
}
