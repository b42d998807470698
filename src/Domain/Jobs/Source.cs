using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Domain;

/// <summary>The source of a model or dataset as written in a request: a registered name, <c>hf:org/name</c>, <c>file:/folder</c> or
/// <c>s3://bucket/folder</c>.</summary>
/// <remarks>Parsing the result of <see cref="ToString"/> gives an equal source.</remarks>
public abstract partial record Source
{
    private const string Expected = "expected a registered name, hf:<org>/<name> for the Hugging Face Hub, file:/<absolute path>, or "
        + "s3://<bucket>/<folder> for an object store";
    private const int LongestName = 63;
    private const int LongestQuote = 40;
    private const int LongestPrefix = 512;

    private Source() { }

    /// <summary>A model or dataset registered with this service.</summary>
    public sealed record Registered(string Name) : Source;

    /// <summary>A repository of the Hugging Face Hub.</summary>
    /// <param name="Repository"><c>org/name</c>, or <c>name</c> alone.</param>
    /// <param name="Revision">A branch, tag or commit; null for <c>main</c>.</param>
    /// <param name="Config">The part of a dataset repository, such as <c>rte</c> of <c>nyu-mll/glue</c>; always null for a model.</param>
    public sealed record Hub(string Repository, string? Revision = null, string? Config = null) : Source;

    /// <summary>A file or folder that the service itself can read.</summary>
    /// <param name="Path">Absolute, without <c>..</c>.</param>
    public sealed record LocalPath(string Path) : Source;

    /// <summary>A folder of a bucket, or one object of it, in the object store that the service uses.</summary>
    /// <param name="Bucket">Name of the bucket.</param>
    /// <param name="Prefix">The folder or object key, without leading or trailing slash; empty for the whole bucket.</param>
    public sealed record S3(string Bucket, string Prefix) : Source;

    /// <summary>Uploaded files (POST /v1/files) as a dataset.</summary>
    /// <param name="Train">Id of the training file.</param>
    /// <param name="Validation">Id of the validation file; null if there is none.</param>
    public sealed record Files(Guid Train, Guid? Validation = null) : Source;

    /// <summary>Parses a source; returns null and adds faults with <paramref name="path"/> if it is invalid.</summary>
    /// <param name="written">Such as <c>rte</c>, <c>hf:FacebookAI/roberta-base@main</c>, <c>hf:nyu-mll/glue#rte</c>, <c>file:/data/rte</c>
    /// or <c>s3://data/rte</c>.</param>
    /// <param name="path">Its path in the request, such as <c>model</c>.</param>
    /// <param name="faults">Receives all faults.</param>
    public static Source? Parse(string written, string path, List<Fault> faults)
    {
        var before = faults.Count;
        var source = Read(written, path, faults);
        return faults.Count == before ? source : null;
    }

    /// <summary>Validates the name of a model or dataset; null if it is valid.</summary>
    /// <remarks>1 to 63 characters of a-z, A-Z, 0-9, <c>.</c>, <c>_</c> and <c>-</c>, starting with a letter or digit: safe in URLs and as
    /// a file name.</remarks>
    public static Fault? NameFault(string name, string path)
    {
        if (name.Length == 0) return new(path, $"must have 1 to {LongestName} characters; got none");
        if (name.Contains('/'))
            return new(path, $"must be a name without '/'; got {Quoted(name)}. For a hub repository write {Quoted("hf:" + name)}, "
                + "for a folder file: followed by its absolute path");
        if (name.EnumerateRunes().Select(rune => (Rune?)rune).FirstOrDefault(rune => !IsOfName(rune!.Value)) is { } strange)
            return new(path, $"may contain only a-z, A-Z, 0-9, '.', '_' and '-'; got {Shown(strange)} in {Quoted(name)}");
        if (name.Length > LongestName) return new(path, $"must have at most {LongestName} characters; got {name.Length}");
        if (!char.IsAsciiLetterOrDigit(name[0])) return new(path, $"must begin with a letter or a digit; got {Quoted(name)}");
        return null;
    }

    /// <summary>The source as written in a request.</summary>
    public sealed override string ToString() => this switch
    {
        Registered registered => registered.Name,
        Hub hub => $"hf:{hub.Repository}{(hub.Revision is null ? "" : "@" + hub.Revision)}{(hub.Config is null ? "" : "#" + hub.Config)}",
        LocalPath local => $"file:{local.Path}",
        Files files => files.Validation is { } validation ? $"upload:{files.Train},{validation}" : $"upload:{files.Train}",
        S3 s3 => s3.Prefix.Length == 0 ? $"s3://{s3.Bucket}" : $"s3://{s3.Bucket}/{s3.Prefix}",
        _ => throw new InvalidOperationException($"unknown source {GetType().Name}"),
    };

    private static Source? Read(string written, string path, List<Fault> faults)
    {
        if (written.IndexOf(':') is not (>= 0 and var colon)) return ReadName(written, path, faults);
        var (scheme, rest) = (written[..colon], written[(colon + 1)..]);
        switch (scheme)
        {
            case "hf": return ReadHub(rest, path, faults);
            case "file": return ReadFile(rest, path, faults);
            case "s3": return ReadS3(rest, path, faults);
            case "upload": return ReadFiles(rest, path, faults);
            default: faults.Add(new(path, UnknownScheme(scheme, rest))); return null;
        }
    }

    private static Registered? ReadName(string written, string path, List<Fault> faults)
    {
        if (NameFault(written, path) is not { } fault) return new Registered(written);
        faults.Add(fault);
        return null;
    }

    private static Hub ReadHub(string rest, string path, List<Fault> faults)
    {
        var (address, config) = Cut(rest, '#');
        var (repository, revision) = Cut(address, '@');
        if (!IsRepository(repository))
            faults.Add(new(path, $"must be a hub repository, hf:<org>/<name>: each part 1 to 96 letters, digits, '.', '_' and '-', "
                + $"no '--' or '..', no '.' or '-' at its start or end; got {Quoted(repository)}"));
        if (revision is not null && (!RevisionPattern().IsMatch(revision) || revision.Contains("..")))
            faults.Add(new(path, "must have a branch, tag or commit after '@': 1 to 200 letters, digits, '.', '_', '/' and '-', no "
                + $"'..'; got {Quoted(revision)}"));
        if (config is not null && !ConfigPattern().IsMatch(config))
            faults.Add(new(path, "must have the name of a config after '#': 1 to 200 characters, none of them a control character or "
                + $"one of <>:\"/\\|?*#@; got {Quoted(config)}"));
        return new Hub(repository, revision, config);
    }

    private static LocalPath? ReadFile(string rest, string path, List<Fault> faults)
    {
        var other = rest.StartsWith("//", StringComparison.Ordinal) && !rest.StartsWith("///", StringComparison.Ordinal);
        if (other) faults.Add(new(path, $"must not name a host; write file:/<absolute path> with one slash; got {Quoted("file:" + rest)}"));
        else if (PlainText.Fault($"file:{rest}") is { } strange) faults.Add(new(path, strange));
        else if (!System.IO.Path.IsPathFullyQualified(rest))
            faults.Add(new(path, $"must be an absolute path, file:/<absolute path>; got {Quoted("file:" + rest)}"));
        else return new LocalPath(System.IO.Path.GetFullPath(rest));
        return null;
    }

    private static Files? ReadFiles(string rest, string path, List<Fault> faults)
    {
        var (train, validation) = Cut(rest, ',');
        if (Guid.TryParseExact(train, "D", out var trainId) && validation is null) return new Files(trainId);
        if (trainId != Guid.Empty && Guid.TryParseExact(validation, "D", out var validationId)) return new Files(trainId, validationId);
        faults.Add(
            new(path, $"must be written upload:<id of a file>, or upload:<id>,<id of a validation file>; got {Quoted("upload:" + rest)}"));
        return null;
    }

    private static S3? ReadS3(string rest, string path, List<Fault> faults)
    {
        if (!rest.StartsWith("//", StringComparison.Ordinal))
        {
            faults.Add(new(path, $"must be written s3://<bucket>/<folder>; got {Quoted("s3:" + rest)}"));
            return null;
        }
        var (bucket, key) = Cut(rest[2..], '/');
        var prefix = key is null ? "" : key.EndsWith('/') ? key[..^1] : key;
        if (!IsBucket(bucket))
            faults.Add(new(path, "must have a valid bucket name, s3://<bucket>/<folder>: 3 to 63 lower-case letters, digits, '.' and "
                + $"'-', starting and ending with a letter or digit, no '..'; got {Quoted(bucket)}"));
        if (PlainText.Fault(prefix) is { } strange) faults.Add(new(path, strange));
        else if (prefix.Length > LongestPrefix)
            faults.Add(new(path, $"must have at most {LongestPrefix} characters after the bucket; got {prefix.Length}"));
        else if (prefix.Length > 0 && prefix.Split('/').Any(part => part is "" or "." or ".."))
            faults.Add(
                new(path, $"must be a folder of the bucket {Quoted(bucket)} without '.', '..' or empty parts; got {Quoted(prefix)}"));
        return new S3(bucket, prefix);
    }

    private static string UnknownScheme(string scheme, string rest)
    {
        const string website = "//huggingface.co/";
        if (scheme is "http" or "https" && rest.StartsWith(website, StringComparison.Ordinal))
            return $"is a URL of the hub's web site; write hf:<org>/<name> instead of {Quoted($"{scheme}:{rest}")}";
        return "has the unknown scheme "
            + $"{Quoted(scheme + ":")}{Spelling.Hint(scheme.Length > LongestQuote ? "" : scheme, ["hf", "file", "s3"])}; " + $"{Expected}";
    }

    private static (string Head, string? Tail) Cut(string text, char mark) =>
        text.IndexOf(mark) is >= 0 and var at ? (text[..at], text[(at + 1)..]) : (text, null);

    private static bool IsRepository(string repository)
    {
        var parts = repository.Split('/');
        return parts.Length <= 2 && parts.All(part => PartPattern().IsMatch(part) && !part.Contains("..") && !part.Contains("--"));
    }

    /// <summary>Whether this is a valid bucket name by AWS's rules, and so safe in a URL.</summary>
    internal static bool IsBucket(string bucket) => BucketPattern().IsMatch(bucket) && !bucket.Contains("..");

    private static bool IsOfName(Rune rune) =>
        rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '.' or '_' or '-');

    /// <summary>The start of a text on one line, in quotes.</summary>
    private static string Quoted(string text)
    {
        var shown = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes().Take(LongestQuote)) shown.Append(Rune.IsControl(rune) ? "·" : rune.ToString());
        return shown.Append(text.EnumerateRunes().Skip(LongestQuote).Any() ? "…\"" : "\"").ToString();
    }

    private static string Shown(Rune rune) => Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) ? $"U+{rune.Value:X4}" : $"'{rune}'";

    [GeneratedRegex(@"\A(?![.-])[A-Za-z0-9._-]{1,96}(?<![.-])(?<!\.git)\z")]
    private static partial Regex PartPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9._/-]{1,200}\z")]
    private static partial Regex RevisionPattern();

    [GeneratedRegex(@"\A(?![.-])[a-z0-9.-]{3,63}(?<![.-])\z")]
    private static partial Regex BucketPattern();

    // Excludes what the datasets library forbids in a config name, and the two separators of this notation.
    [GeneratedRegex(@"\A[^\p{C}<>:""/\\|?*#@]{1,200}\z")]
    private static partial Regex ConfigPattern();
}
