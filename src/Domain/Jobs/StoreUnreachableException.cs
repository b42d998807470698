namespace LoraDrop.Domain;

/// <summary>The object store cannot be reached, is too slow, or reports that it is unavailable. The request is fine and can be
/// retried.</summary>
/// <param name="message">The store and its response, without secrets.</param>
/// <param name="inner">The cause.</param>
public sealed class StoreUnreachableException(string message, Exception? inner = null) : IOException(message, inner);
