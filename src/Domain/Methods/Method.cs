using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Where a method places what it trains.</summary>
public enum Placing
{
    /// <summary>On every target layer.</summary>
    Everywhere,

    /// <summary>By the importance of each layer, measured in a stage of its own (LoRA-drop).</summary>
    ByImportance,

    /// <summary>On every target layer, or by importance if the request has the section <c>sharing</c>.</summary>
    Either,

    /// <summary>On every target layer, with numbers that all of them share already.</summary>
    Tied,

    /// <summary>It trains weights of the model itself, not something placed beside a layer's weight.</summary>
    InPlace,

    /// <summary>Before every text, as words that the model reads or keys and values that it sees.</summary>
    BeforeText,
}

/// <summary>What a finished run leaves for other software.</summary>
public enum MethodExport
{
    /// <summary>An adapter in PEFT's format for the method.</summary>
    Peft,

    /// <summary>An adapter in PEFT's format for LoRA, which computes the same: the method's own numbers are folded into A and B.</summary>
    FoldedLora,

    /// <summary>A merged model only: PEFT has no format for the method.</summary>
    MergedModel,

    /// <summary>A file that only LoRA-drop reads: neither PEFT nor the weights of the model can hold what the method computes.</summary>
    OwnFile,
}

/// <summary>A tuning method: its name, settings, stages, parameter counts and export. <see cref="Methods.All"/> lists them.</summary>
[JsonConverter(typeof(MethodName))]
public abstract class Method
{
    /// <summary>The name in requests and files, such as <c>lora-drop</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The name in prose, such as "LoRA-drop".</summary>
    public abstract string Title { get; }

    /// <summary>What it trains, in a sentence.</summary>
    public abstract string Summary { get; }

    /// <summary>The paper that describes it.</summary>
    public abstract string Source { get; }

    /// <summary>The section of a request with its settings: the name as a JSON field.</summary>
    public virtual string Section =>
        string.Concat(Name.Split('-').Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>Where it places what it trains.</summary>
    public virtual Placing Placing => Placing.Either;

    /// <summary>What a finished run leaves for other software.</summary>
    public abstract MethodExport Export { get; }

    /// <summary>Whether a finished run leaves an adapter that PEFT reads.</summary>
    public bool HasPeftFormat => Export is MethodExport.Peft or MethodExport.FoldedLora;

    /// <summary>The sections of a request that hold the settings of other methods.</summary>
    public IEnumerable<string> OtherSections => Methods.Sections.Keys.Where(section => section != Section);

    /// <summary>The peak learning rate if the request gives none; null: the task's.</summary>
    public virtual double? LearningRate => null;

    /// <summary>The type of its settings.</summary>
    public abstract Type SettingsType { get; }

    /// <summary>Its settings with all defaults.</summary>
    /// <param name="preset">The task's preset, which may have defaults of its own, or null.</param>
    public abstract MethodSettings Defaults(TaskPreset? preset);

    public override string ToString() => Name;

    internal abstract MethodSettings Read(JsonFields fields, TaskPreset? preset);
}

/// <summary>A method with its settings' type.</summary>
public abstract class Method<TSettings> : Method where TSettings : MethodSettings, new()
{
    public sealed override Type SettingsType => typeof(TSettings);

    public sealed override MethodSettings Defaults(TaskPreset? preset) => DefaultsFor(preset);

    internal sealed override MethodSettings Read(JsonFields fields, TaskPreset? preset) => Read(fields, DefaultsFor(preset));

    /// <summary>The defaults for a task.</summary>
    protected virtual TSettings DefaultsFor(TaskPreset? preset) => new();

    /// <summary>Reads the settings' section; what it does not hold has its default.</summary>
    internal abstract TSettings Read(JsonFields fields, TSettings defaults);
}

/// <summary>Writes a method as its name.</summary>
public sealed class MethodName : JsonConverter<Method>
{
    public override Method Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Methods.Find(reader.GetString()) ?? throw new JsonException($"'{reader.GetString()}' is no tuning method");

    public override void Write(Utf8JsonWriter writer, Method value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name);
}
