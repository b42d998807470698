using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Reports a failure: on standard error for people, as a last JSON line for scripts.</summary>
internal static class Failure
{
    public static void Write(bool json, string code, IReadOnlyList<Fault> faults)
    {
        if (json) Console.Out.WriteLine(JsonLinesView.Line(new { Event = "failed", Code = code, Faults = faults }));
        foreach (var fault in faults) Console.Error.WriteLine(fault);
    }
}
