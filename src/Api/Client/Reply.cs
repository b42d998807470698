namespace LoraDrop.Api.Client;

/// <summary>A response of the service.</summary>
/// <param name="Value">Its value.</param>
/// <param name="Json">The service's own JSON, on one line.</param>
internal readonly record struct Reply<T>(T Value, string Json);
