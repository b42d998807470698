using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>Why a request was not done (RFC 9457). Scripts read the code, people the detail.</summary>
/// <param name="Type"><c>urn:loradrop:problem:</c> and the code.</param>
/// <param name="Title">What went wrong, the same for every occurrence.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What happened this time, and what to do.</param>
/// <param name="Code">A stable code; docs/api lists all.</param>
/// <param name="Faults">Everything that is wrong with the request, each with its path.</param>
/// <param name="TraceId">Of an error of the service: where its log tells more.</param>
public sealed record ProblemView(string Type, string Title, int Status, string Detail, string Code, IReadOnlyList<Fault>? Faults, string? TraceId);
