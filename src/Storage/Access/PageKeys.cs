using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A key of ASP.NET Core Data Protection, which encrypts what the pages keep in the browser.</summary>
public sealed class PageKeyRow
{
    public Guid Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The key as Data Protection writes it.</summary>
    public required string Xml { get; init; }
}

internal sealed class PageKeyRowMapping : IEntityTypeConfiguration<PageKeyRow>
{
    public void Configure(EntityTypeBuilder<PageKeyRow> builder) => builder.ToTable("page_keys");
}

/// <summary>Keeps the keys in the database, so that every process of the service reads what another has written into a browser.</summary>
/// <param name="contexts">Opens the database.</param>
public sealed class PageKeys(IDbContextFactory<JobsContext> contexts) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var db = contexts.CreateDbContext();
        return [.. db.PageKeys.AsNoTracking().Select(key => key.Xml).AsEnumerable().Select(XElement.Parse)];
    }

    /// <remarks>Called about once in ninety days, by an interface that is not asynchronous.</remarks>
    public void StoreElement(XElement element, string friendlyName)
    {
        using var db = contexts.CreateDbContext();
        db.PageKeys.Add(new() { Id = Guid.CreateVersion7(), Name = friendlyName, Xml = element.ToString(SaveOptions.DisableFormatting) });
        db.SaveChangesAsync().GetAwaiter().GetResult();
    }
}
