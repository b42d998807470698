using LoraDrop.Domain;

namespace LoraDrop.Api.Client;

/// <summary>The service answered with a problem (RFC 9457).</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">The stable code of the problem.</param>
/// <param name="faults">What is wrong, each with its path; at least one.</param>
internal sealed class ServiceProblemException(int status, string code, IReadOnlyList<Fault> faults)
    : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>The answer is not from a LoRA-drop service, or from one of an unknown version.</summary>
    public const string NotUnderstood = "not_understood";

    public int Status { get; } = status;

    public string Code { get; } = code;

    public IReadOnlyList<Fault> Faults { get; } = faults;

    /// <summary>Whether trying again soon may help: the service, perhaps behind a proxy, is starting or stopping.</summary>
    public bool Passing => Status is 502 or 503 or 504;
}
