namespace LoraDrop.Domain;

/// <summary>An invalid input, which the caller must fix; never a bug. Contains all faults.</summary>
/// <remarks>Retrying without a change gives the same result, so such a run is not retried.</remarks>
public class RefusedInputException : Exception
{
    public RefusedInputException(string path, string message) : this([new Fault(path, message)]) { }

    public RefusedInputException(IReadOnlyList<Fault> faults) : base(string.Join(Environment.NewLine, faults)) => Faults = faults;

    public IReadOnlyList<Fault> Faults { get; }
}
