using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Api.Web;

/// <summary>The request of an experiment as text, and the values in it that have a field. Either changes the other, and what has no field
/// stays as it is.</summary>
internal sealed class ExperimentForm
{
    private static readonly string[] Task = ["base", "task"], Roles = ["first", "label"], NameOfLabel = ["label", "score", "target"];

    private JsonObject? _request;

    public ExperimentForm(JsonObject request) => (_request, Text) = (request, request.ToJsonString(RequestText.Indented));

    /// <summary>The request as it was written, valid or not.</summary>
    public string Text { get; private set; }

    /// <summary>Whether the text is a JSON object; otherwise there is nothing that fields could change.</summary>
    public bool IsObject => _request is not null;

    /// <summary>The table or figure of the paper that the request asks for; null for a grid of its own.</summary>
    public string? Preset => Value("preset") is { Length: > 0 } name ? name : null;

    public string[] Model => Preset is null ? ["base", "model"] : ["model"];

    public string[] Dataset { get; } = ["base", "dataset"];

    public string[] Methods => Preset is null ? ["grid", "method"] : ["methods"];

    public string[] Thresholds { get; } = ["grid", "sharing.threshold"];

    public string[] Seeds => Preset is null ? ["grid", ExperimentRequest.SeedAxis] : ["seeds"];

    /// <summary>LoRA and LoRA-drop at a threshold, over three seeds.</summary>
    public static ExperimentForm OfGrid(string? model, string? dataset) => new(new()
    {
        ["name"] = "LoRA and LoRA-drop",
        ["base"] = new JsonObject { ["model"] = model, ["dataset"] = dataset, ["task"] = new JsonObject() },
        ["grid"] = new JsonObject
        {
            ["method"] = new JsonArray("lora", "lora-drop"), ["sharing.threshold"] = new JsonArray(0.9),
            [ExperimentRequest.SeedAxis] = new JsonArray(1, 2, 3),
        },
        ["baseline"] = new JsonObject { ["method"] = "lora" },
    });

    /// <summary>A table or figure of the paper, with all its rows.</summary>
    /// <param name="preset">The table.</param>
    /// <param name="model">The base model.</param>
    /// <param name="datasets">Names of datasets, of which each task takes the one that is called as it is: <c>rte</c> for
    /// <c>glue/rte</c>.</param>
    public static ExperimentForm OfPreset(ExperimentPresetView preset, string? model, IReadOnlyList<string> datasets)
    {
        var known = from task in preset.Tasks
                    let name = datasets.FirstOrDefault(name => name == task || task.EndsWith($"/{name}", StringComparison.Ordinal))
                    where name is not null
                    select KeyValuePair.Create(task, (JsonNode?)name);
        return new(new()
        {
            ["preset"] = preset.Name, ["model"] = model, ["tasks"] = new JsonObject(known), ["seeds"] = new JsonArray(1, 2, 3),
        });
    }

    /// <summary>Takes what a person wrote.</summary>
    public void Write(string text)
    {
        Text = text;
        try
        {
            _request = JsonNode.Parse(text, documentOptions: new() { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            _request = null;
        }
    }

    /// <summary>The value at a path, a list as <c>1, 2, 3</c>; empty if there is none.</summary>
    public string Value(params string[] path) => At(path) switch
    {
        null => "",
        JsonArray list => string.Join(", ", list.Select(item => item?.ToString())),
        var one => one.ToString(),
    };

    /// <summary>The values of a list; null if there is none.</summary>
    public IReadOnlyList<string>? Listed(params string[] path) => (At(path) as JsonArray)?.Select(item => item?.ToString() ?? "").ToList();

    /// <summary>Whether a field can show what stands at a path: an axis may have values that are objects.</summary>
    public bool IsPlain(params string[] path) =>
        At(path) switch { null or JsonValue => true, JsonArray list => list.All(item => item is JsonValue), _ => false };

    /// <summary>Sets the value at a path; an empty one is taken out.</summary>
    public void Set(string? value, params string[] path) =>
        Put(string.IsNullOrWhiteSpace(value) ? null : JsonValue.Create(value.Trim()), path);

    /// <summary>Sets a list at a path, as <c>1, 2, 3</c>, with numbers where there are numbers; an empty one is taken out.</summary>
    public void SetList(string? values, params string[] path)
    {
        var items = (values ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Item);
        Put(new JsonArray([.. items]) is { Count: > 0 } list ? list : null, path);
    }

    /// <summary>Puts a value into a list or takes it out; the list has the order of all its values.</summary>
    public void Switch(string value, bool on, IReadOnlyList<string> all, params string[] path)
    {
        var listed = (Listed(path) ?? all).ToHashSet();
        if (on) listed.Add(value);
        else listed.Remove(value);
        Put(new JsonArray([.. all.Where(listed.Contains).Select(item => (JsonNode)item)]), path);
    }

    /// <summary>Names the columns of a dataset in the task, unless the task names some that it has, or needs none.</summary>
    public void TakeColumns(IReadOnlyList<ColumnSummary> columns)
    {
        if (Preset is not null || At([.. Task, "preset"]) is not null || At([.. Task, "text"]) is not null) return;
        if (Roles.All(role => columns.Any(column => column.Name == Value([.. Task, "columns", role])))) return;
        var label = columns.FirstOrDefault(column => NameOfLabel.Contains(column.Name))
            ?? columns.LastOrDefault(column => column.Values is not null);
        var texts = columns.Where(column => column != label && column.Type == ColumnType.Text).Select(column => column.Name).ToList();
        if (label is null || texts is not [var first, .. var others]) return;
        var named = new JsonObject { ["first"] = first, ["label"] = label.Name };
        if (others is [var second]) named.Insert(1, "second", second);
        var kind = label is { Type: ColumnType.Number } or { Name: "score" } ? "regression" : "classification";
        Put(new JsonObject { ["kind"] = kind, ["columns"] = named }, Task);
    }

    /// <summary>A number where there is one; else the text itself, which the service refuses with its reason.</summary>
    public static JsonNode Item(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
        : double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : text;

    private JsonNode? At(string[] path)
    {
        JsonNode? at = _request;
        foreach (var name in path) at = (at as JsonObject)?[name];
        return at;
    }

    private void Put(JsonNode? value, string[] path)
    {
        if (_request is not { } at) return;
        foreach (var name in path[..^1])
        {
            if (at[name] is not JsonObject inner) at[name] = inner = [];
            at = inner;
        }
        if (value is null) at.Remove(path[^1]);
        else at[path[^1]] = value;
        Text = _request.ToJsonString(RequestText.Indented);
    }
}
