using System.Reflection;
using System.Text.Json.Nodes;
using LoraDrop.Api;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Service.Tests;

/// <summary>docs/api/README.md tells all that a client may meet.</summary>
public sealed class ApiDocumentFacts(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string Text = File.ReadAllText(Repository.At("docs", "api", "README.md"));

    [Fact]
    public void It_lists_every_kind_of_problem_as_it_is() =>
        Assert.All(ProblemKind.All, kind => Assert.Contains($"| {kind.Status} | `{kind.Code}` | {kind.Title}. {kind.Remedy} |", Text));

    [Fact]
    public void It_lists_every_code_of_a_failure() =>
    Assert.All(Constants(typeof(FailureCode)), code => Assert.Contains($"| `{code}` |", Text));

    [Fact]
    public void It_lists_every_type_of_event() => Assert.All(Constants(typeof(EventType)), type => Assert.Contains($"`{type}`", Text));

    [Fact]
    public async Task It_lists_every_operation()
    {
        var document = JsonNode.Parse(await shared.Service.Http.GetStringAsync("/swagger/v1/swagger.json"))!;
        foreach (var (path, operations) in document["paths"]!.AsObject())
            foreach (var (method, _) in operations!.AsObject()) Assert.Contains($"`{method.ToUpperInvariant()} {path}`", Text);
    }

    [Fact]
    public void The_page_on_methods_has_a_row_for_each_as_it_is()
    {
        var page = File.ReadAllText(Repository.At("docs", "methods.md"));
        Assert.All(Methods.All, method => Assert.Contains($"| `{method.Name}` | {method.Summary} | `{method.Section}` | "
            + $"{JsonText.NameOf(method.Placing)} | {JsonText.NameOf(method.Export)} | {method.Source} |", page));
    }

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!);
}
