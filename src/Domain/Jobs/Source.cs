namespace LoraDrop.Domain;
public abstract record Source
{
    public sealed record Registered(string Name) : Source { public override string ToString() => Name; }
    public sealed record Hub(string Repository, string? Revision, string? Config) : Source { public override string ToString() => $"hf:{Repository}"; }
    public sealed record LocalPath(string Path) : Source { public override string ToString() => $"file:{Path}"; }
    public static Source? Parse(string written, string path, List<Fault> faults) =>
        written.StartsWith("file:") ? new LocalPath(written[5..]) : written.StartsWith("hf:") ? new Hub(written[3..], null, null) : new Registered(written);
    public static Fault? NameFault(string name, string path) => name.Length is > 0 and < 64 ? null : new(path, "must have 1 to 63 characters");
}
