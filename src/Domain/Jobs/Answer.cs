using System.Diagnostics.CodeAnalysis;

namespace LoraDrop.Domain;

/// <summary>A result, or the reason for a refusal.</summary>
public readonly record struct Answer<T>(T? Value, Refusal? Refusal) where T : class
{
    public static implicit operator Answer<T>(T value) => new(value, null);

    public static implicit operator Answer<T>(Refusal refusal) => new(null, refusal);

    /// <summary>Whether the request was refused; gives the refusal or the result.</summary>
    public bool IsRefused([NotNullWhen(true)] out Refusal? refusal, [NotNullWhen(false)] out T? value)
    {
        (refusal, value) = (Refusal, Value);
        return refusal is not null;
    }
}
