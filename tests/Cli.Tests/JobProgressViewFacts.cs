using System.Text.Json;
using LoraDrop.Api;

namespace LoraDrop.Cli.Tests;

public sealed class JobProgressViewFacts
{
    private readonly Clock _clock = new();

    /// <summary>Messages as a service sent them.</summary>
    private static readonly (string Type, string Data)[] Recorded =
    [
        ("submitted",
        """{"id":1,"at":"2026-11-24T04:40:23.1+00:00","level":"info","type":"submitted","message":"Submitted: lora-drop on acceptable with english"}"""),
        ("progress", """{"stage":"importance-evaluation","status":"queued","progress":0,"step":0,"steps":0,"queuePosition":3}"""),
        ("progress", """{"stage":"importance-evaluation","status":"running","progress":0,"step":0,"steps":0}"""),
        ("stage-started",
        """{"id":2,"at":"2026-11-24T04:40:24.2+00:00","level":"info","type":"stage-started","message":"Importance evaluation: 192 steps over 1,001 examples","data":{"stage":"importance-evaluation","fromStep":0,"steps":192,"examples":1001,"parameters":{"withoutShared":24576,"adapter":24576,"adapterAndHead":41346},"paddingShare":0.0121}}"""),
        ("progress",
        """{"stage":"importance-evaluation","status":"running","progress":0.05,"step":96,"steps":192,"loss":0.4465,"tokensPerSecond":7322.4,"secondsLeft":6.2}"""),
        ("log", """{"id":3,"at":"2026-11-24T04:40:26.2+00:00","level":"warning","type":"log","message":"keeps [one] layer only"}"""),
        ("evaluated",
        """{"id":4,"at":"2026-11-24T04:40:38.3+00:00","level":"info","type":"evaluated","message":"Step 126: accuracy 0.6642, loss 0.5628, the best so far","data":{"stage":"task-adaptation","step":126,"scores":{"loss":0.5628,"accuracy":0.6642},"primary":"accuracy","best":true}}"""),
        ("progress",
        """{"stage":"task-adaptation","status":"running","progress":0.55,"step":126,"steps":252,"loss":0.5,"tokensPerSecond":9000,"secondsLeft":61}"""),
        ("evaluated",
        """{"id":5,"at":"2026-11-24T04:40:39.3+00:00","level":"info","type":"evaluated","message":"Step 200: what a later version writes","data":{"step":"two hundred"}}"""),
        ("succeeded",
        """{"id":6,"at":"2026-11-24T04:40:41.9+00:00","level":"info","type":"succeeded","message":"accuracy 0.6667 at step 252"}"""),
        ("end", """{"status":"succeeded"}"""),
    ];

    private Written Shown(bool terminal, Action<IJobView>? before = null)
    {
        var written = new Written(terminal);
        using var view = new JobProgressView(written.Console, _clock, "Ctrl-C leaves it");
        before?.Invoke(view);
        foreach (var (type, data) in Recorded)
        {
            view.Report(Read(type, data));
            _clock.Pass(6);
        }
        return written;
    }

    private static Followed Read(string type, string data) => type switch
    {
        "progress" => new Followed.Progressed(JsonSerializer.Deserialize<Api.ProgressView>(data, ApiJson.Options)!, data),
        "end" => new Followed.Ended(JsonSerializer.Deserialize<EndView>(data, ApiJson.Options)!.Status),
        _ => new Followed.Happened(JsonSerializer.Deserialize<EventView>(data, ApiJson.Options)!, data),
    };

    [Fact]
    public void A_log_reads_like_that_of_a_run() => Assert.Equal(
        [
            "Submitted: lora-drop on acceptable with english",
            "Importance evaluation waits in the queue, position 3",
            "Importance evaluation starts",
            "Importance evaluation  192 steps over 1,001 examples",
            "24,576 adapter parameters, 41,346 with the head; 1 % padding",
            "step     96/192  loss 0.4465  7,322 tokens/s  0:06 left  whole job 5 %",
            "! keeps [one] layer only",
            "step    126  accuracy=0.6642  loss=0.5628  ★ best",
            "step    126/252  loss 0.5000  accuracy 0.6642  9,000 tokens/s  1:01 left  whole job 55 %",
            "Step 200: what a later version writes",
        ], Shown(terminal: false).Lines);

    [Fact]
    public void A_terminal_redraws_the_last_two_lines()
    {
        var text = Shown(terminal: true).Text;
        Assert.Contains("Importance evaluation waits in the queue, position 3\nCtrl-C leaves it", text);
        Assert.Contains("Importance evaluation  ━━━", text);
        Assert.Contains("  96/192  50 %\nloss 0.4465  7,322 tokens/s  0:06 left  whole job 5 %", text);
        Assert.Contains("\r\e[2K\e[1A\e[2K", text);
    }

    [Fact]
    public void A_service_that_stays_away_is_told_of()
    {
        var lines = Shown(terminal: false, view =>
        {
            view.Report(new Followed.Lost(TimeSpan.FromSeconds(60)));
            view.Report(new Followed.Back());
        }).Lines;
        Assert.Equal(["! the service does not answer; waiting up to 60 s for it", "the service answers again"], lines[..2]);
    }

    [Fact]
    public void For_scripts_the_service_s_own_words_stay_as_they_are()
    {
        var written = new StringWriter();
        using var view = new JobJsonView(written);
        foreach (var (type, data) in Recorded) view.Report(Read(type, data));
        Assert.Equal(Recorded.Select(message => $"{{\"event\":\"{message.Type}\",\"data\":{message.Data}}}"),
            written.ToString().TrimEnd().Split('\n'));
    }
}
