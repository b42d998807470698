using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>An error response (RFC 9457). Programs should read the code; the detail is for people.</summary>
/// <param name="Type"><c>urn:loradrop:problem:</c> and the code.</param>
/// <param name="Title">A short description of the problem, the same for every occurrence.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What went wrong in this request and how to fix it.</param>
/// <param name="Code">A stable, machine-readable code; see docs/api/README.md.</param>
/// <param name="Faults">All faults of the request, each with its path.</param>
/// <param name="TraceId">For internal errors: the trace id to look up in the service's log.</param>
public sealed record ProblemView(string Type, string Title, int Status, string Detail, string Code, IReadOnlyList<Fault>? Faults,
    string? TraceId);
