using System.Text.Json.Nodes;

using LoraDrop.Service.Tests;
namespace LoraDrop.Deploy.Tests;

/// <summary>An object that the chart makes of its values.</summary>
/// <param name="Template">The file that it comes from.</param>
/// <param name="Content">The object.</param>
internal sealed record Rendered(string Template, JsonNode Content)
{
    public string Kind => Text("kind");

    public string Name => Text("metadata.name");

    /// <summary>A value by its path, <c>spec.template.spec</c>; null where there is none.</summary>
    public JsonNode? At(string path) => Under(Content, path);

    public string Text(string path) => At(path)?.ToString() ?? throw new InvalidOperationException($"{Template} has no {path}");

    public static JsonNode? Under(JsonNode? node, string path) =>
        path.Split('.').Aggregate(node, (under, part) => int.TryParse(part, out var index)
            ? (under as JsonArray)?[index]
            : (under as JsonObject)?[part]);

    /// <summary>The specification of the pods that it makes, or null where it makes none.</summary>
    public JsonNode? Pod => Kind switch { "Deployment" or "Job" => At("spec.template.spec"), "Pod" => At("spec"), _ => null };

    public JsonNode? PodLabels =>
        Kind switch { "Deployment" or "Job" => At("spec.template.metadata.labels"), "Pod" => At("metadata.labels"), _ => null };

    public JsonNode Container => Pod!["containers"]![0]!;

    public override string ToString() => $"{Kind} {Name}";
}

/// <summary>The chart with one file of values: rendered as Helm does it, by Helm's own libraries (render/render.go).</summary>
/// <param name="Objects">What it makes.</param>
/// <param name="Notes">What it tells who installs it.</param>
internal sealed record Chart(IReadOnlyList<Rendered> Objects, string Notes)
{
    public static readonly string Folder = Repository.At("deploy", "helm", "loradrop");

    /// <summary>Built once for the process, in a folder of its own.</summary>
    private static readonly Lazy<Task<string>> Renderer = new(async () =>
    {
        var program = Path.Combine(Directory.CreateTempSubdirectory("loradrop-render-").FullName, "render");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(program)!, recursive: true);
        await Tools.BuildGoAsync(Repository.At("tests", "Deploy.Tests", "render", "render.go"), program);
        return program;
    });

    /// <summary>The files of values that the chart takes.</summary>
    public static IEnumerable<string> Cases => Directory.EnumerateFiles(Repository.At("tests", "Deploy.Tests", "values"), "*.yaml")
        .Select(path => Path.GetFileNameWithoutExtension(path)!).Order();

    public static async Task<Chart> Of(string values, string release = "loradrop")
    {
        var (code, output, errors) = await RenderAsync(Repository.At("tests", "Deploy.Tests", "values", $"{values}.yaml"), release);
        Assert.True(code == 0, errors);
        var all = JsonNode.Parse(output)!;
        return new([.. all["documents"]!.AsArray()
            .Select(document => new Rendered(document!["template"]!.ToString(), document["object"]!))], all["notes"]!.ToString());
    }

    public static async Task<(int Code, string Output, string Errors)> RenderAsync(string values, string release = "loradrop")
    {
        Tools.SkipWithoutGo();
        return await Tools.RunAsync(await Renderer.Value, ["-values", values, Folder, release, "team"]);
    }

    public Rendered One(string kind, string name) => Objects.Single(made => made.Kind == kind && made.Name == name);

    public IEnumerable<Rendered> All(string kind) => Objects.Where(made => made.Kind == kind);
}
