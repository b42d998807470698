using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists the tuning methods.</summary>
internal sealed class MethodsCommand()
    : TableCommand<MethodView>("methods", "List the tuning methods for --method", "method", "settings", "placed", "exported as", "trains")
{
    protected override IAsyncEnumerable<Reply<MethodView>> ListAsync(ServiceClient service, CancellationToken cancel) =>
        service.MethodsAsync(cancel);

    protected override IReadOnlyList<string?> Row(MethodView method) =>
        [method.Name, method.Section, JsonText.NameOf(method.Placing), JsonText.NameOf(method.Export), method.Summary];
}
