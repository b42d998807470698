using System.CommandLine;
using LoraDrop.Domain;
using LoraDrop.Hosting;
using LoraDrop.Storage;

namespace LoraDrop.Cli;

/// <summary>Manages API keys directly in the service's database, for which no key is needed.</summary>
internal static class KeysCommand
{
    public static Command Create() => new("keys", "API keys of a service, in its database")
    {
        new CreateCommand(), new ListCommand(), new RevokeCommand(),
    };

    private abstract class InDatabase : Command
    {
        private readonly Option<string?> _data =
            new("--data") { Description = "Data folder of an embedded service (default: the usual one, if no database is configured)" };
        private readonly Option<string?> _config =
            new("--config") { Description = "Settings file with the database (default: the environment)" };

        protected InDatabase(string name, string description) : base(name, description)
        {
            Validators.Add(OptionRules.RefuseEmpty);
            Add(_data);
            Add(_config);
            SetAction((options, cancel) => InvokeAsync(options, cancel));
        }

        protected abstract Task RunAsync(ParseResult options, JobsContext db, CancellationToken cancel);

        private async Task<int> InvokeAsync(ParseResult options, CancellationToken cancel)
        {
            try
            {
                await using var db = Open(options.GetValue(_data), options.GetValue(_config));
                await RunAsync(options, db, cancel);
                return ExitCode.Done;
            }
            catch (RefusedInputException refused)
            {
                Failure.Write(false, FailureCode.Refused, refused.Faults);
                return ExitCode.Usage;
            }
            catch (Exception failed) when (DatabaseFault.Unreachable(failed) is not null || Outages.Of(failed) is not null)
            {
                Failure.Write(false, FailureCode.Storage, [new("database", failed.GetBaseException().Message)]);
                return ExitCode.Storage;
            }
        }

        private static JobsContext Open(string? data, string? config) => data is null
            && (config is not null || Environment.GetEnvironmentVariable("LORADROP_DATABASE__CONNECTIONSTRING") is { Length: > 0 })
            ? KeyProgram.Open(SettingsReader.Open(config))
            : KeyProgram.Open(data ?? ServeOptions.DefaultData);
    }

    private sealed class CreateCommand : InDatabase
    {
        private readonly Option<string> _name = new("--name") { Description = "Name of the key", Required = true };
        private readonly Option<string> _role = new("--role") { Description = "read, submit or admin", Required = true };
        private readonly Option<string?> _owner =
            new("--owner") { Description = "Owner of what it creates (default: its name). * with the role read sees everyone's" };
        private readonly Option<int?> _days = new("--days") { Description = "Days until it expires (default: never)" };
        private readonly Option<int?> _requests = new("--requests-per-minute") { Description = "Rate limit of this key" };
        private readonly Option<int?> _jobs =
            new("--active-jobs") { Description = "Maximum active jobs of its owner: waiting, running or paused" };

        public CreateCommand() : base("create", "Create a key, shown once on standard output")
        {
            _role.AcceptOnlyFromAmong([.. Enum.GetValues<Role>().Select(role => JsonText.NameOf(role))]);
            Add(_name);
            Add(_role);
            Add(_owner);
            Add(_days);
            Add(_requests);
            Add(_jobs);
        }

        protected override Task RunAsync(ParseResult options, JobsContext db, CancellationToken cancel)
        {
            var role = Enum.GetValues<Role>().First(each => JsonText.NameOf(each) == options.GetValue(_role));
            var expires = TimeProvider.System.GetUtcNow() + (options.GetValue(_days) is { } days ? TimeSpan.FromDays(days) : null);
            return KeyProgram.CreateAsync(db, new(options.GetValue(_name)!, role, options.GetValue(_owner), expires,
                options.GetValue(_requests), options.GetValue(_jobs)), Console.Out, cancel);
        }
    }

    private sealed class ListCommand() : InDatabase("list", "List the keys, newest first")
    {
        protected override Task RunAsync(ParseResult options, JobsContext db, CancellationToken cancel) =>
            KeyProgram.ListAsync(db, Console.Out, cancel);
    }

    private sealed class RevokeCommand : InDatabase
    {
        private readonly Argument<string> _key = new("key") { Description = "Prefix (ld_…) or id of the key" };

        public RevokeCommand() : base("revoke", "Revoke a key") => Add(_key);

        protected override Task RunAsync(ParseResult options, JobsContext db, CancellationToken cancel) =>
            KeyProgram.RevokeAsync(db, options.GetValue(_key)!, Console.Out, cancel);
    }
}
