using System.Globalization;
using System.Reflection;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Configuration;

namespace LoraDrop.Hosting;

/// <summary>Reads a host's settings strictly, from a JSON file and from the environment, which wins. All faults are reported at
/// once.</summary>
/// <remarks>
/// A section is read into the properties of its options. Names ignore case, as those of the environment do. An empty value counts as not
/// set. A fault never repeats a text: it may be a password.
/// </remarks>
public sealed class SettingsReader
{
    private const string FileName = "appsettings.json";

    private readonly IConfiguration _given;
    private readonly List<Fault> _faults;

    private SettingsReader(IConfiguration given, List<Fault> faults) => (_given, _faults) = (given, faults);

    /// <summary>Opens the settings of this process.</summary>
    /// <param name="file">The file; null for <c>appsettings.json</c> beside the program and in the working folder, where they
    /// exist.</param>
    public static SettingsReader Open(string? file)
    {
        var faults = new List<Fault>();
        var sources = new ConfigurationBuilder();
        string[] files = file is null
            ? [Path.Combine(AppContext.BaseDirectory, FileName), Path.GetFullPath(FileName)]
            : [Path.GetFullPath(file)];
        foreach (var path in files.Distinct().Where(path => file is not null || File.Exists(path)))
            if (IsReadable(path, faults)) sources.AddJsonFile(path, optional: false, reloadOnChange: false);
        var reader = new SettingsReader(sources.AddEnvironmentVariables(SettingName.Prefix).Build(), faults);
        reader.RefuseUnknownSections();
        return reader;
    }

    /// <summary>Reads a section; its faults are kept until all are reported.</summary>
    /// <param name="name">The section.</param>
    /// <param name="check">Lists the faults of the values, each with its path.</param>
    /// <param name="options">Objects whose properties receive the values; a setting belongs to the first that has it.</param>
    public void Section(string name, Func<string, IEnumerable<Fault>> check, params object[] options)
    {
        var section = _given.GetSection(name);
        if (section.Value is { Length: > 0 }) Refuse(name, "holds settings and is none itself");
        var known = options.SelectMany(target => Settings(target.GetType()).Select(property => (target, property))).ToList();
        foreach (var given in section.GetChildren())
        {
            var path = $"{name}:{given.Key}";
            if (known.Find(k => k.property.Name.Equals(given.Key, StringComparison.OrdinalIgnoreCase)) is not (not null, not null) found)
                Refuse(path, $"is not a setting{Spelling.Hint(given.Key, known.Select(k => k.property.Name))}");
            else if (ValueOf(found.property.PropertyType, given, $"{name}:{found.property.Name}") is { } value)
                found.property.SetValue(found.target, value);
        }
        RefuseSingleUnderscores(name, known.Select(k => k.property.Name));
        var told = _faults.Select(fault => fault.Path).ToHashSet();
        _faults.AddRange(check(name).Where(fault => !told.Contains(fault.Path)));
    }

    /// <summary>Reports all faults.</summary>
    /// <exception cref="RefusedInputException">There are faults; each has the path in the file and the name in the environment.</exception>
    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
            throw new RefusedInputException([.. _faults.Select(fault => fault with { Path = SettingName.Of(fault.Path) })]);
    }

    /// <summary>The properties of options that are settings: those that can be set, in declaration order.</summary>
    public static IEnumerable<PropertyInfo> Settings(Type options) =>
        options.GetProperties().Where(property => property.CanWrite && property.GetCustomAttribute<NotASettingAttribute>() is null);

    private static bool IsReadable(string path, List<Fault> faults)
    {
        try
        {
            new ConfigurationBuilder().AddJsonFile(path, optional: false, reloadOnChange: false).Build();
            return true;
        }
        catch (FileNotFoundException)
        {
            faults.Add(new(path, "is not there"));
        }
        catch (InvalidDataException notJson)
        {
            faults.Add(new(path, $"is not JSON: {notJson.GetBaseException().Message.Split(" Path:")[0]}"));
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            faults.Add(new(path, $"cannot be read: {denied.Message}"));
        }
        return false;
    }

    /// <summary>Values outside sections are ignored: they are for the command line (<c>LORADROP_URL</c>) or from an orchestrator
    /// (<c>LORADROP_PORT</c>).</summary>
    private void RefuseUnknownSections()
    {
        foreach (var section in _given.GetChildren()
            .Where(section => section.GetChildren().Any() && !SettingName.Sections.Contains(section.Key, StringComparer.OrdinalIgnoreCase)))
            _faults.Add(new($"{section.Key} ({SettingName.Variable(section.Key)}__…)",
                $"is not a section of the settings{Spelling.Hint(section.Key, SettingName.Sections)}"));
    }

    /// <summary>Finds the likeliest mistake in an environment name: one underscore between levels.</summary>
    private void RefuseSingleUnderscores(string section, IEnumerable<string> known)
    {
        foreach (var name in known)
            if (_given[$"{section}_{name}"] is not null)
                _faults.Add(new($"{SettingName.Prefix}{section.ToUpperInvariant()}_{name.ToUpperInvariant()}",
                    $"is not a setting; did you mean {SettingName.Variable($"{section}:{name}")}, with two underscores?"));
    }

    private object? ValueOf(Type type, IConfigurationSection given, string path)
    {
        if (type == typeof(IReadOnlyList<string>)) return Texts(given, path);
        if (type == typeof(IReadOnlyDictionary<string, string>)) return Pairs(given, path);
        if (given.GetChildren().Any())
        {
            Refuse(path, "takes one value");
            return null;
        }
        return given.Value is { Length: > 0 } text ? One(Nullable.GetUnderlyingType(type) ?? type, text, path) : null;
    }

    private object? One(Type type, string text, string path)
    {
        if (type == typeof(string)) return text;
        if (type == typeof(bool)) return Wanted(bool.TryParse(text, out var flag) ? flag : null, "true or false", text, path);
        if (type == typeof(int))
            return Wanted(int.TryParse(text, NumberStyles.AllowLeadingSign, null, out var whole) ? whole : null,
                "a whole number below 2147483648", text, path);
        if (type == typeof(long))
            return Wanted(long.TryParse(text, NumberStyles.AllowLeadingSign, null, out var large) ? large : null, "a whole number", text,
                path);
        if (type == typeof(double))
            return Wanted(double.TryParse(text, NumberStyles.Float, null, out var number) && double.IsFinite(number) ? number : null,
                "a number", text, path);
        if (type == typeof(TimeSpan)) return Wanted(Duration.Parse(text), $"a time such as 30s, 5min, 1h or 00:00:30", text, path);
        if (type.IsEnum)
            return Wanted(Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase)
                ? Enum.Parse(type, text, ignoreCase: true)
                : null, $"one of {string.Join(", ", Enum.GetNames(type))}", text, path);
        throw new InvalidOperationException($"{path}: no setting can be a {type.Name}");
    }

    private object? Wanted(object? value, string wanted, string text, string path)
    {
        if (value is null) Refuse(path, $"must be {wanted}; got \"{(text.Length > 40 ? text[..40] + "…" : text)}\"");
        return value;
    }

    /// <summary>Lists use numbers as names; a single value is a list, too.</summary>
    private List<string> Texts(IConfigurationSection given, string path)
    {
        if (given.Value is { Length: > 0 } single) return [single];
        var items = new List<string>();
        foreach (var item in given.GetChildren())
            if (!int.TryParse(item.Key, out _) || item.GetChildren().Any())
                Refuse($"{path}:{item.Key}", $"is not an item of a list; the items are {SettingName.Of($"{path}:0")} and so on");
            else if (item.Value is { Length: > 0 } text) items.Add(text);
        return items;
    }

    private Dictionary<string, string> Pairs(IConfigurationSection given, string path)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        if (given.Value is { Length: > 0 }) Refuse(path, $"holds names with a value each, such as {SettingName.Of($"{path}:name")}");
        foreach (var pair in given.GetChildren())
            if (pair.GetChildren().Any()) Refuse($"{path}:{pair.Key}", "takes one value");
            else if (pair.Value is { Length: > 0 } text) pairs[pair.Key] = text;
        return pairs;
    }

    private void Refuse(string path, string message) => _faults.Add(new(path, message));
}
