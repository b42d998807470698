using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Domain;

/// <summary>Where a model or a dataset comes from, as a request writes it: a registered name, <c>hf:org/name</c>, <c>file:/folder</c> or <c>s3://bucket/folder</c>.</summary>
/// <remarks>Parsing what <see cref="ToString"/> gives yields an equal source.</remarks>
public abstract partial record Source
{
    private const string Understood = "understood are the name of a registered one, hf:<org>/<name> for the Hugging Face hub, file:/<absolute path>, and s3://<bucket>/<folder> for an object store";
    private const int LongestName = 63;
    private const int LongestQuote = 40;
    private const int LongestPrefix = 512;

    private Source() { }

    /// <summary>One that was registered with this service, by its name.</summary>
    public sealed record Registered(string Name) : Source;

    /// <summary>A repository of the Hugging Face hub.</summary>
    /// <param name="Repository"><c>org/name</c>, or <c>name</c> alone.</param>
    /// <param name="Revision">A branch, tag or commit; null for <c>main</c>.</param>
    /// <param name="Config">The part of a dataset repository, such as <c>rte</c> of <c>nyu-mll/glue</c>; always null for a model.</param>
    public sealed record Hub(string Repository, string? Revision = null, string? Config = null) : Source;

    /// <summary>A file or folder that the service itself can read.</summary>
    /// <param name="Path">Absolute, without <c>..</c>.</param>
    public sealed record LocalPath(string Path) : Source;

    /// <summary>A folder of a bucket, or one object of it, in the object store that the service uses.</summary>
    /// <param name="Bucket">Its name.</param>
    /// <param name="Prefix">The folder, or the key of the object, without a slash at its ends; empty for the whole bucket.</param>
    public sealed record S3(string Bucket, string Prefix) : Source;

    /// <summary>Files that somebody sent one by one (POST /v1/files), as a dataset.</summary>
    /// <param name="Train">The id of the file to learn from.</param>
    /// <param name="Validation">The id of the file that picks the best evaluation; null where there is none.</param>
    public sealed record Files(Guid Train, Guid? Validation = null) : Source;

    /// <summary>Reads a source; what cannot be read becomes a fault with <paramref name="path"/>, and the answer is null.</summary>
    /// <param name="written">Such as <c>rte</c>, <c>hf:FacebookAI/roberta-base@main</c>, <c>hf:nyu-mll/glue#rte</c>, <c>file:/data/rte</c> or <c>s3://data/rte</c>.</param>
    /// <param name="path">Where it stands in the request, such as <c>model</c>.</param>
    /// <param name="faults">Every fault that was found is added to it.</param>
    public static Source? Parse(string written, string path, List<Fault> faults)
    {
        var before = faults.Count;
        var source = Read(written, path, faults);
        return faults.Count == before ? source : null;
    }

    /// <summary>What is wrong with a name under which a model or dataset is to be registered; null if nothing is.</summary>
    /// <remarks>1 to 63 characters of a-z, A-Z, 0-9, <c>.</c>, <c>_</c> and <c>-</c>, a letter or digit first: safe in an address and as a file's name.</remarks>
    public static Fault? NameFault(string name, string path)
    {
        if (name.Length == 0) return new(path, $"must have 1 to {LongestName} characters; got none");
        if (name.Contains('/'))
            return new(path, $"must be a name without '/'; got {Quoted(name)}. For a repository of the hub write {Quoted("hf:" + name)}, for a folder file: and its absolute path");
        if (name.EnumerateRunes().Select(rune => (Rune?)rune).FirstOrDefault(rune => !IsOfName(rune!.Value)) is { } strange)
            return new(path, $"must be made of a-z, A-Z, 0-9, '.', '_' and '-'; got {Shown(strange)} in {Quoted(name)}");
        if (name.Length > LongestName) return new(path, $"must have at most {LongestName} characters; got {name.Length}");
        if (!char.IsAsciiLetterOrDigit(name[0])) return new(path, $"must begin with a letter or a digit; got {Quoted(name)}");
        return null;
    }

    /// <summary>As a request would write it.</summary>
    public sealed override string ToString() => this switch
    {
        Registered registered => registered.Name,
        Hub hub => $"hf:{hub.Repository}{(hub.Revision is null ? "" : "@" + hub.Revision)}{(hub.Config is null ? "" : "#" + hub.Config)}",
        LocalPath local => $"file:{local.Path}",
        Files files => files.Validation is { } validation ? $"upload:{files.Train},{validation}" : $"upload:{files.Train}",
        S3 s3 => s3.Prefix.Length == 0 ? $"s3://{s3.Bucket}" : $"s3://{s3.Bucket}/{s3.Prefix}",
        _ => throw new InvalidOperationException($"no text is known for {GetType().Name}"),
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
            faults.Add(new(path, $"must name a repository as the hub does, hf:<org>/<name>: each part 1 to 96 letters, digits, '.', '_' and '-', "
                + $"no '--' or '..', no '.' or '-' at its ends; got {Quoted(repository)}"));
        if (revision is not null && (!RevisionPattern().IsMatch(revision) || revision.Contains("..")))
            faults.Add(new(path, $"must have a branch, tag or commit after '@': 1 to 200 letters, digits, '.', '_', '/' and '-', no '..'; got {Quoted(revision)}"));
        if (config is not null && !ConfigPattern().IsMatch(config))
            faults.Add(new(path, $"must have the name of a config after '#': 1 to 200 characters, none of them a control character or one of <>:\"/\\|?*#@; got {Quoted(config)}"));
        return new Hub(repository, revision, config);
    }

    private static LocalPath? ReadFile(string rest, string path, List<Fault> faults)
    {
        var other = rest.StartsWith("//", StringComparison.Ordinal) && !rest.StartsWith("///", StringComparison.Ordinal);
        if (other) faults.Add(new(path, $"names a host; a file is written file:/<absolute path>, with one slash. Got {Quoted("file:" + rest)}"));
        else if (PlainText.Fault($"file:{rest}") is { } strange) faults.Add(new(path, strange));
        else if (!System.IO.Path.IsPathFullyQualified(rest))
            faults.Add(new(path, $"must be an absolute path, because the service has a working folder of its own: file:/<absolute path>; got {Quoted("file:" + rest)}"));
        else return new LocalPath(System.IO.Path.GetFullPath(rest));
        return null;
    }

    private static Files? ReadFiles(string rest, string path, List<Fault> faults)
    {
        var (train, validation) = Cut(rest, ',');
        if (Guid.TryParseExact(train, "D", out var trainId) && validation is null) return new Files(trainId);
        if (trainId != Guid.Empty && Guid.TryParseExact(validation, "D", out var validationId)) return new Files(trainId, validationId);
        faults.Add(new(path, $"must be written upload:<id of a file>, or upload:<id>,<id of a validation file>; got {Quoted("upload:" + rest)}"));
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
        if (!IsBucket(bucket)) faults.Add(new(path, $"must name a bucket, s3://<bucket>/<folder>: 3 to 63 lower-case letters, digits, '.' and '-', a letter or digit at its ends, no '..'; got {Quoted(bucket)}"));
        if (PlainText.Fault(prefix) is { } strange) faults.Add(new(path, strange));
        else if (prefix.Length > LongestPrefix) faults.Add(new(path, $"must have at most {LongestPrefix} characters after the bucket; got {prefix.Length}"));
        else if (prefix.Length > 0 && prefix.Split('/').Any(part => part is "" or "." or ".."))
            faults.Add(new(path, $"must name a folder of the bucket {Quoted(bucket)} without '.', '..' and empty parts; got {Quoted(prefix)}"));
        return new S3(bucket, prefix);
    }

    private static string UnknownScheme(string scheme, string rest)
    {
        const string website = "//huggingface.co/";
        if (scheme is "http" or "https" && rest.StartsWith(website, StringComparison.Ordinal))
            return $"is an address of the hub's website; write hf:<org>/<name> instead of {Quoted($"{scheme}:{rest}")}";
        return $"has the unknown scheme {Quoted(scheme + ":")}{Spelling.Hint(scheme.Length > LongestQuote ? "" : scheme, ["hf", "file", "s3"])}; {Understood}";
    }

    private static (string Head, string? Tail) Cut(string text, char mark) =>
        text.IndexOf(mark) is >= 0 and var at ? (text[..at], text[(at + 1)..]) : (text, null);

    private static bool IsRepository(string repository)
    {
        var parts = repository.Split('/');
        return parts.Length <= 2 && parts.All(part => PartPattern().IsMatch(part) && !part.Contains("..") && !part.Contains("--"));
    }

    /// <summary>Whether a bucket can have this name, as AWS has it; so it can stand in an address without being more than a name.</summary>
    internal static bool IsBucket(string bucket) => BucketPattern().IsMatch(bucket) && !bucket.Contains("..");

    private static bool IsOfName(Rune rune) => rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '.' or '_' or '-');

    /// <summary>Enough of a text to recognise it, on one line.</summary>
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

    // What the datasets library forbids in a config's name, and the two marks of this notation.
    [GeneratedRegex(@"\A[^\p{C}<>:""/\\|?*#@]{1,200}\z")]
    private static partial Regex ConfigPattern();
}
