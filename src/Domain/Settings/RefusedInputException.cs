namespace LoraDrop.Domain;

/// <summary>An input that cannot be used: the caller's to mend, never a bug. Carries every fault that was found.</summary>
/// <remarks>Trying again without a change gives the same answer, so a run refused this way is not retried.</remarks>
public class RefusedInputException : Exception
{
    public RefusedInputException(string path, string message) : this([new Fault(path, message)]) { }

    public RefusedInputException(IReadOnlyList<Fault> faults) : base(string.Join(Environment.NewLine, faults)) => Faults = faults;

    public IReadOnlyList<Fault> Faults { get; }
}
