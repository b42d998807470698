namespace LoraDrop.Cli;

/// <summary>An answer of the service.</summary>
/// <param name="Value">What it says.</param>
/// <param name="Json">The same in the service's own words, on one line.</param>
internal readonly record struct Reply<T>(T Value, string Json);
