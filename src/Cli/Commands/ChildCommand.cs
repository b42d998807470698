using System.CommandLine;
using LoraDrop.Worker;

namespace LoraDrop.Cli;

/// <summary>Runs one piece of work in a child process of the service; hidden from users.</summary>
internal sealed class ChildCommand : Command
{
    private readonly Argument<string> _folder = new("folder") { Description = "Folder of the work" };

    public ChildCommand() : base(ChildProgram.Verb, "Used by the service itself: one piece of work in a process of its own")
    {
        Hidden = true;
        Add(_folder);
        SetAction(options => ChildProgram.Run(options.GetValue(_folder)!));
    }
}
