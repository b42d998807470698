using System.Text.Json;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace LoraDrop.Storage;

/// <summary>Stores a property as JSON in one column.</summary>
internal static class JsonColumn
{
    public static void AsJson<T>(this PropertyBuilder<T> property) => property.HasConversion(
        new ValueConverter<T, string>(value => JsonSerializer.Serialize(value, JsonText.Compact),
        text => JsonSerializer.Deserialize<T>(text, JsonText.Compact)!),
        // A value that was not replaced is unchanged. Without this a save serializes the facts of each model and dataset it has read eight
        // times, only to compare them.
        new ValueComparer<T>((a, b) => ReferenceEquals(a, b)
        || JsonSerializer.Serialize(a, JsonText.Compact) == JsonSerializer.Serialize(b, JsonText.Compact),
            value => JsonSerializer.Serialize(value, JsonText.Compact).GetHashCode(StringComparison.Ordinal), value => value));
}
