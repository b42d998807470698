using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>A compact adapter file's metadata: the method, and the branch of each layer.</summary>
/// <param name="TrainsHead">Whether the head is in the file.</param>
/// <param name="Places">Module type → layer → own, shared or none.</param>
public sealed record CompactMap(bool TrainsHead, IReadOnlyDictionary<string, IReadOnlyDictionary<int, Place>> Places)
{
    /// <summary>The section of the method's settings; null in the first files, which hold LoRAs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Section { get; init; }

    /// <summary>The method's settings.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Settings { get; init; }

    /// <summary>Module type → layer → the rank of its own branch, if importance has decided the ranks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, IReadOnlyDictionary<int, int>>? Ranks { get; init; }

    /// <summary>Whether the ranks of each branch are sorted by what they put out, so that the first are the best.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Sorted { get; init; }

    /// <summary>r, in the first files.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Rank { get; init; }

    /// <summary>α, in the first files.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Alpha { get; init; }

    internal static CompactMap Of(Adapter adapter, bool sorted) => new(adapter.TrainsHead, adapter.Plan.Places.GroupBy(p => p.Key.Type)
        .ToDictionary(t => t.Key, t => (IReadOnlyDictionary<int, Place>)t.ToDictionary(p => p.Key.Layer, p => p.Value)))
    {
        Section = adapter.Settings.Section,
        Ranks = adapter.Plan.Ranks.Count == 0 ? null : adapter.Plan.Ranks.GroupBy(r => r.Key.Type)
            .ToDictionary(t => t.Key, t => (IReadOnlyDictionary<int, int>)t.ToDictionary(r => r.Key.Layer, r => r.Value)),
        Sorted = sorted ? true : null,
        Settings = JsonSerializer.SerializeToElement(adapter.Settings, adapter.Settings.GetType(), JsonText.Options),
    };

    internal SharingPlan Plan() =>
        SharingPlan.Of(Places.SelectMany(type =>
            type.Value.Select(place => KeyValuePair.Create(new Site(type.Key, place.Key), place.Value))),
            Ranks?.SelectMany(type => type.Value.Select(rank => KeyValuePair.Create(new Site(type.Key, rank.Key), rank.Value)))
                .ToDictionary());

    /// <summary>The method's settings; null if the file does not say.</summary>
    internal MethodSettings? Method() => Section is { } section
        ? Domain.Methods.Sections.TryGetValue(section, out var type) && Settings is { } json
            ? (MethodSettings?)json.Deserialize(type, JsonText.Options)
            : null
        : Rank is > 0 && Alpha is > 0 ? new LoraSettings { Rank = Rank.Value, Alpha = Alpha.Value } : null;
}

/// <summary>An adapter as trained, in one safetensors file: the shared pair once, with the map of its users.</summary>
public static class CompactAdapter
{
    public const string FileName = "adapter_compact.safetensors";

    private const string MapKey = "loradrop";

    /// <param name="path">The file to write.</param>
    /// <param name="adapter">The trained adapter.</param>
    /// <param name="sorted">Whether the ranks of each branch are sorted by what they put out.</param>
    public static void Write(string path, Adapter adapter, bool sorted = false) => SafeTensorsWriter.Write(path,
        adapter.Tensors,
        new Dictionary<string, string> { [MapKey] = JsonSerializer.Serialize(CompactMap.Of(adapter, sorted), JsonText.Options) });

    /// <summary>Whether the ranks of each branch are sorted by what they put out, so that the first are the best.</summary>
    /// <exception cref="RefusedInputException">It is not a compact adapter.</exception>
    public static bool IsSorted(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        return file.Metadata.TryGetValue(MapKey, out var json) && ReadMap(path, json).Map.Sorted == true;
    }

    /// <summary>Whether a compact file is of a method for which PEFT has no format, so that there is no other file.</summary>
    /// <exception cref="RefusedInputException">It is not a compact adapter.</exception>
    public static bool IsOfMethodWithoutPeft(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        return file.Metadata.TryGetValue(MapKey, out var json) && ReadMap(path, json).Map.Section is { } section
            && !Domain.Methods.All.First(method => method.Section == section).HasPeftFormat;
    }

    /// <summary>Reads a compact file and places it on a model.</summary>
    /// <exception cref="RefusedInputException">The file is not a compact adapter, or does not fit the model.</exception>
    public static Adapter Read(string path, FrozenModel model)
    {
        using var file = SafeTensorsFile.Open(path);
        using var scope = NewDisposeScope();
        if (!file.Metadata.TryGetValue(MapKey, out var json))
            throw new RefusedInputException(path, "is not a compact LoRA-drop adapter: its metadata has no map of who shares what");
        var (map, settings) = ReadMap(path, json);
        var plan = map.Plan();
        var sites = AdapterSites.All(model).Where(site => plan.Places.ContainsKey(site.Site)).ToArray();
        if (sites.Length != plan.Places.Count) throw new RefusedInputException(path, "names layers that this model does not have");
        var adapter = new Adapter(model, sites, plan, settings, map.TrainsHead, 0);
        try
        {
            adapter.Load(file.Names.ToDictionary(name => name, name => file.ReadFinite(name)), path);
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    private static (CompactMap Map, MethodSettings Settings) ReadMap(string path, string json)
    {
        try
        {
            if (JsonSerializer.Deserialize<CompactMap>(json, JsonText.Options) is { Places: not null } map && map.Method() is { } settings)
                return (map, settings);
        }
        catch (JsonException) { } // refused below, as an empty value
        throw new RefusedInputException(path, "is not a compact LoRA-drop adapter: its map of who shares what cannot be read");
    }
}
