using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Writes a job's events as JSON lines: the kind of the message, and the service's own JSON as <c>data</c>.</summary>
internal sealed class JobJsonView(TextWriter to) : IJobView
{
    public void Report(Followed followed)
    {
        to.WriteLine(followed switch
        {
            Followed.Happened happened => Line(happened.Event.Type, happened.Json),
            Followed.Progressed progressed => Line("progress", progressed.Json),
            Followed.Ended ended => Line("end", $"{{\"status\":\"{JsonText.NameOf(ended.Status)}\"}}"),
            Followed.Lost lost => Line("lost", $"{{\"patience\":{lost.Patience.TotalSeconds:0}}}"),
            Followed.Back => Line("back", "{}"),
            _ => throw new InvalidOperationException($"{followed.GetType().Name} is not written"),
        });
        to.Flush();
    }

    public void Dispose() { }

    /// <summary>The service's own JSON is one line already.</summary>
    private static string Line(string kind, string json) => $"{{\"event\":{JsonLinesView.Line(kind)},\"data\":{json}}}";
}
