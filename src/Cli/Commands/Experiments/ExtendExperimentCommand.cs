using System.CommandLine;
using System.Globalization;

namespace LoraDrop.Cli;

/// <summary>Adds seeds to an experiment.</summary>
internal sealed class ExtendExperimentCommand : ExperimentCommand
{
    private readonly Option<long[]> _seeds = new("--seeds")
    {
        Description = "New seeds, separated by commas", Required = true,
        CustomParser = result =>
        {
            var seeds = new List<long>();
            foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(',')))
                if (long.TryParse(text, CultureInfo.InvariantCulture, out var seed)) seeds.Add(seed);
                else result.AddError($"--seeds must be whole numbers separated by commas; got '{text}'");
            return [.. seeds];
        },
    };

    public ExtendExperimentCommand() : base("extend", "Add the same jobs with more seeds") => Add(_seeds);

    protected override async Task<int> RunAsync(Guid experiment, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.ExtendExperimentAsync(experiment, options.GetValue(_seeds)!, cancel), terminal);
}
