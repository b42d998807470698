using System.CommandLine;
using LoraDrop.Worker;

namespace LoraDrop.Cli;

/// <summary>How the service starts this program again for one piece of work; not for people.</summary>
internal sealed class ChildCommand : Command
{
    private readonly Argument<string> _folder = new("folder") { Description = "The work's folder" };

    public ChildCommand() : base(ChildProgram.Verb, "Used by the service itself: one piece of work in a process of its own")
    {
        Hidden = true;
        Add(_folder);
        SetAction(options => ChildProgram.Run(options.GetValue(_folder)!));
    }
}
