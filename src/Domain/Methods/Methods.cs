using System.Text.Json.Serialization.Metadata;

namespace LoraDrop.Domain;

/// <summary>Every tuning method, one line each. Names, choices, documents and options everywhere are made from this list.</summary>
public static class Methods
{
    public static LoraDropMethod LoraDrop { get; } = new();

    public static LoraMethod Lora { get; } = new();

    /// <summary>All methods, the default first.</summary>
    public static IReadOnlyList<Method> All { get; } =
    [
        LoraDrop,
        Lora,
        new VeraMethod(),
        new DoraMethod(),
        new SoraMethod(),
        new AdaLoraMethod(),
        new SparseAdapterMethod(),
        new LoraFaMethod(),
        new TiedLoraMethod(),
        new S2LoraMethod(),
        new Ia3Method(),
        new FullMethod(),
        new AdapterMethod(),
        new BitFitMethod(),
        new LastLayersMethod(),
        new DiffPruningMethod(),
        new HiFiMethod(),
        new PromptTuningMethod(),
        new PTuningMethod(),
        new PrefixTuningMethod(),
    ];

    /// <summary>The names of all methods.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(method => method.Name)];

    /// <summary>The sections of a request that hold the settings of a method, each with their type.</summary>
    public static IReadOnlyDictionary<string, Type> Sections { get; } =
        All.GroupBy(method => method.Section).ToDictionary(same => same.Key, same => same.First().SettingsType);

    /// <summary>Adds to a request's JSON the section of its method's settings.</summary>
    public static Action<JsonTypeInfo> JsonSections { get; } = info =>
    {
        if (info.Type != typeof(JobRequest)) return;
        var tuning = typeof(JobRequest).GetProperty(nameof(JobRequest.Tuning))!;
        var after = info.Properties.Index().First(property => property.Item.PropertyType == typeof(Method)).Index;
        foreach (var (section, type) in Sections.Reverse())
        {
            var property = info.CreateJsonPropertyInfo(type, section);
            property.Get = request => request is JobRequest { Tuning: var given } && given.GetType() == type ? given : null;
            property.ShouldSerialize = (_, settings) => settings is not null;
            property.Set = (request, settings) => tuning.SetValue(request, settings);
            info.Properties.Insert(after + 1, property);
        }
    };

    /// <summary>The method with this name, or null.</summary>
    public static Method? Find(string? name) => All.FirstOrDefault(method => method.Name == name);
}
