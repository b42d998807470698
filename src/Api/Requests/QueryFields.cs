using System.Globalization;
using LoraDrop.Domain;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>Parses a query string strictly: invalid values and unknown parameters become faults, and parsing continues.</summary>
/// <remarks>Absent and invalid parameters return null, so that one response can list every fault.</remarks>
internal sealed class QueryFields(IQueryCollection query)
{
    private readonly List<Fault> _faults = [];
    private readonly HashSet<string> _asked = [];

    public IReadOnlyList<string> Texts(string name)
    {
        _asked.Add(name);
        string[] given = [.. query[name].Where(value => value is not null).Select(value => value!)];
        foreach (var strange in given.Select(value => PlainText.Fault(value)).OfType<string>()) Refuse(name, strange);
        return [.. given.Where(value => PlainText.Fault(value) is null)];
    }

    public string? Text(string name)
    {
        var values = Texts(name);
        if (values.Count > 1) Refuse(name, "is given twice");
        else if (values is [""]) Refuse(name, "must not be empty");
        return values is [{ Length: > 0 } only] ? only : null;
    }

    public long? Integer(string name, long least, long most)
    {
        if (Text(name) is not { } written) return null;
        if (long.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
            && value <= most)
            return value;
        Refuse(name, $"must be a whole number from {least} to {most}; got {Shown(written)}");
        return null;
    }

    public double? Number(string name) => Text(name) is { } written ? NumberOf(name, written) : null;

    private double? NumberOf(string name, string written)
    {
        if (double.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
            return value;
        Refuse(name, $"must be a finite number; got {Shown(written)}");
        return null;
    }

    /// <summary>A finite number, or <c>auto</c>.</summary>
    public Threshold? Threshold(string name)
    {
        if (Text(name) is not { } written) return null;
        return written == Domain.Threshold.AutoName ? Domain.Threshold.Auto : NumberOf(name, written) is { } T ? T : null;
    }

    public bool? Flag(string name)
    {
        var written = Text(name);
        if (written is not (null or "true" or "false")) Refuse(name, $"must be true or false; got {Shown(written)}");
        return written switch { "true" => true, "false" => false, _ => null };
    }

    public T? Choice<T>(string name) where T : struct, Enum => Text(name) is { } written ? ChoiceOf<T>(name, written) : null;

    /// <summary>A tuning method, by its name.</summary>
    public Method? Method(string name) =>
        Text(name) is { } written && Chosen(name, written, Methods.Names) is { } index ? Methods.All[index] : null;

    public IReadOnlyList<T> Choices<T>(string name) where T : struct, Enum =>
        [.. Texts(name).Select(written => ChoiceOf<T>(name, written)).Where(choice => choice is not null).Select(choice => choice!.Value)];

    public void Refuse(string name, string message) => _faults.Add(new(name, message));

    /// <summary>All faults, once all parameters are read; null if there are none.</summary>
    public Refusal? Refusal()
    {
        foreach (var name in query.Keys.Where(name => !_asked.Contains(name)))
            Refuse(PlainText.Shown(PlainText.Clipped(name)), "unknown parameter" + Spelling.Hint(PlainText.Clipped(name), _asked));
        return _faults.Count > 0 ? new Refusal.Invalid(_faults) : null;
    }

    private T? ChoiceOf<T>(string name, string written) where T : struct, Enum =>
        Chosen(name, written, [.. Enum.GetValues<T>().Select(JsonText.NameOf)]) is { } index ? Enum.GetValues<T>()[index] : null;

    private int? Chosen(string name, string written, IReadOnlyList<string> known)
    {
        foreach (var (index, choice) in known.Index())
            if (choice == written) return index;
        Refuse(name,
            $"must be one of {string.Join(", ", known)}; got {Shown(written)}{Spelling.Hint(PlainText.Clipped(written), known)}");
        return null;
    }

    private static string Shown(string written) => $"\"{PlainText.Clipped(written)}\"";
}
