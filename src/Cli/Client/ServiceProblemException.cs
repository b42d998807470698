using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>The service answered that it will not, or cannot, do what was asked (ProblemDetails).</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">The stable code of the problem.</param>
/// <param name="faults">What is wrong, each with its path; at least one.</param>
internal sealed class ServiceProblemException(int status, string code, IReadOnlyList<Fault> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>What answers is not a LoRA-drop service, or one that this program does not understand.</summary>
    public const string NotUnderstood = "not_understood";

    public int Status { get; } = status;

    public string Code { get; } = code;

    public IReadOnlyList<Fault> Faults { get; } = faults;

    /// <summary>Whether it may well be gone in a moment: the service starts or stops, or a proxy stands before one that does.</summary>
    public bool Passing => Status is 502 or 503 or 504;
}
