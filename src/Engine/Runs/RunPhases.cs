using System.Diagnostics;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>The phases of a run, for profiling. Free of cost without a listener.</summary>
public static class RunPhases
{
    /// <summary>The name of the source to listen to.</summary>
    public const string SourceName = "LoraDrop.Engine";

    public const string Load = "load", Train = "train", Importance = "importance", Evaluate = "evaluate", Save = "save";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins a phase, which ends on disposal; null without a listener.</summary>
    internal static Activity? Begin(string phase, Stage? stage = null)
    {
        var begun = Source.StartActivity(phase);
        if (stage is { } of) begun?.SetTag("loradrop.stage", JsonText.NameOf(of));
        return begun;
    }
}
