namespace LoraDrop.Domain;

/// <summary>The object store cannot be reached, is too slow, or answers that it cannot work now. Nothing is wrong with what was asked: it can be asked again later.</summary>
/// <param name="message">Which store, and what it answered; no secrets.</param>
/// <param name="inner">What happened.</param>
public sealed class StoreUnreachableException(string message, Exception? inner = null) : IOException(message, inner);
