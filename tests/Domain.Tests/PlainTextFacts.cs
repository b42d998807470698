using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Domain.Tests;

/// <summary>No text that a person gives reaches a row with what a database cannot store.</summary>
public sealed class PlainTextFacts
{
    private static readonly string[] Strange = ["\0", "\u0001", "\t", "\n", "\r", "\e", "\u007f", "\u0080", "\u0085", "\u009f"];

    /// <summary>A request that has every text that there is, each at the path under which it is refused.</summary>
    private static readonly (string Path, Action<JsonObject, string> Put)[] Texts =
    [
        ("name", (json, text) => json["name"] = text),
        ("model", (json, text) => json["model"] = text),
        ("dataset", (json, text) => json["dataset"] = text),
        ("method", (json, text) => json["method"] = text),
        ("priority", (json, text) => json["priority"] = text),
        ("task.kind", (json, text) => json["task"]!["kind"] = text),
        ("task.preset", (json, text) => json["task"]!["preset"] = text),
        ("task.metric", (json, text) => json["task"]!["metric"] = text),
        ("task.columns.first", (json, text) => json["task"]!["columns"]!["first"] = text),
        ("task.columns.second", (json, text) => json["task"]!["columns"]!["second"] = text),
        ("task.columns.label", (json, text) => json["task"]!["columns"]!["label"] = text),
        ("task.labels[1]", (json, text) => json["task"]!["labels"] = new JsonArray("good", text, "bad")),
        ("lora.targets[0]", (json, text) => json["lora"] = new JsonObject { ["targets"] = new JsonArray(text, "query") }),
        ("importance.from", (json, text) => json["importance"] = new JsonObject { ["from"] = text }),
        ("sharing.select", (json, text) => json["sharing"] = new JsonObject { ["select"] = text }),
        ("labels.team", (json, text) => json["labels"] = new JsonObject { ["team"] = text }),
        ("worker.labels.gpu", (json, text) => json["worker"] = new JsonObject { ["labels"] = new JsonObject { ["gpu"] = text } }),
    ];

    [Fact]
    public void A_control_character_in_any_text_is_a_fault_with_its_path_and_its_place()
    {
        foreach (var (path, put) in Texts)
            foreach (var strange in Strange)
            {
                var fault = Assert.Single(Faults(json => put(json, $"ab{strange}c")));
                Assert.Equal((path, $"must not contain the control character U+{(int)strange[0]:X4}, character 3"),
                    (fault.Path, fault.Message));
            }
    }

    [Fact]
    public void Half_of_a_surrogate_pair_in_any_text_is_a_fault_with_its_path()
    {
        foreach (var (path, put) in Texts)
            foreach (var half in new[] { @"\ud800", @"\udfff", @"\ude00\ud83d" })
            {
                var faults = Assert.Throws<RefusedInputException>(() =>
                    JobRequest.Parse(Json(json => put(json, "HALF")).Replace("HALF", $"x{half}"))).Faults;
                Assert.Equal((path, $"must be a text; got \"x{half}\""), (Assert.Single(faults).Path, faults[0].Message));
            }
    }

    [Fact]
    public void All_of_them_come_at_once()
    {
        var faults = Faults(json =>
        {
            // a preset would say what the other fields of the task must be
            foreach (var (_, put) in Texts.Where(text => text.Path != "task.preset")) put(json, "a\0");
            json["lora"]!["rank"] = 0;
        });
        Assert.Equal(Texts.Select(text => text.Path).Where(path => path != "task.preset").Append("lora.rank").Order(StringComparer.Ordinal),
            faults.Select(fault => fault.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("labels")]
    [InlineData("worker.labels")]
    [InlineData("task")]
    [InlineData("")]
    public void A_name_is_held_to_the_same_and_is_shown_with_a_dot(string section)
    {
        var fault = Assert.Single(Faults(json =>
        {
            foreach (var part in section.Split('.', StringSplitOptions.RemoveEmptyEntries))
                json = (json[part] ??= new JsonObject()).AsObject();
            json["te\0am"] = "search";
        }));
        Assert.Equal(section.Length == 0 ? "te·am" : $"{section}.te·am", fault.Path);
        Assert.Equal("has a name that must not contain the control character U+0000, character 3", fault.Message);
    }

    /// <summary>Random texts of characters that are hard in one way or another.</summary>
    [Fact]
    public void A_request_is_taken_exactly_when_all_its_texts_can_be_stored_and_comes_back_as_it_was()
    {
        string[] pieces = ["a", "Z", "7", " ", "ä", "漢", "🙂", "\u202e", "\ufeff", "\ufffd", "\uffff", "\"", "\\", "\0", "\n", "\u0085"];
        var random = new SplitMix64(1);
        var (taken, refused) = (0, 0);
        for (var round = 0; round < 2000; round++)
        {
            string Any() =>
                "x" + string.Concat(Enumerable.Range(0, random.NextBelow(4)).Select(_ => pieces[random.NextBelow(pieces.Length)]));
            string[] texts = [Any(), Any(), Any(), Any(), Any(), Any()];
            var json = Json(json =>
            {
                (json["name"], json["model"]) = (texts[0], texts[1]);
                json["labels"] = new JsonObject { [texts[2]] = texts[3] };
                json["worker"] = new JsonObject { ["labels"] = new JsonObject { [texts[4]] = texts[5] } };
            });
            var draft = JobDraft.Read(json);
            Assert.Equal(texts.All(text => !text.Any(char.IsControl)), draft.Faults.Count == 0);
            Assert.All(draft.Faults, fault => Assert.DoesNotContain($"{fault.Path}{fault.Message}", char.IsControl));
            Assert.DoesNotContain(draft.Request.ToJson().Replace("\n", ""), char.IsControl);
            if (draft.Faults.Count > 0)
            {
                refused++;
                continue;
            }
            taken++;
            var request = JobRequest.Parse(draft.Request.ToJson());
            Assert.Equal((texts[0], texts[1]), (request.Name, request.Model));
            Assert.Equal((texts[2], texts[3]), (request.Labels.Single().Key, request.Labels.Single().Value));
            Assert.Contains(request.Worker.Selector,
                WorkerDemand.SelectorsOf(new Dictionary<string, string> { [texts[4]] = texts[5], ["other"] = "x" }));
        }
        Assert.True(taken > 100 && refused > 100, $"{taken} taken, {refused} refused");
    }

    [Fact]
    public void The_first_character_that_cannot_be_stored_is_named()
    {
        Assert.Null(PlainText.Fault("plain, ä, 漢, 🙂"));
        Assert.Equal("must not contain half of a surrogate pair, U+D83D, character 2", PlainText.Fault("a\ud83d"));
        Assert.Equal("must not contain half of a surrogate pair, U+DE42, character 1", PlainText.Fault("\ude42\ud83d\0"));
        Assert.Equal("must not contain the control character U+0000, character 3", PlainText.Fault("🙂\0\n"));
    }

    [Fact]
    public void A_source_is_held_to_the_same()
    {
        foreach (var strange in Strange.Append("\ud83d"))
            foreach (var start in new[] { "", "hf:org/", "hf:org/name@", "hf:org/name#", "file:/data/", "s3://data/", "s4:" })
            {
                var faults = new List<Fault>();
                Assert.Null(Source.Parse($"{start}a{strange}b", "model", faults));
                Assert.DoesNotContain(Assert.Single(faults).Message, c => char.IsControl(c) || char.IsSurrogate(c));
                Assert.NotNull(Source.NameFault($"a{strange}b", "name"));
            }
    }

    private static IReadOnlyList<Fault> Faults(Action<JsonObject> change) =>
        Assert.Throws<RefusedInputException>(() => JobRequest.Parse(Json(change))).Faults;

    private static string Json(Action<JsonObject> change)
    {
        var json =
            JsonNode.Parse(
                """{ "model": "m", "dataset": "d", "task": { "kind": "classification", "columns": { "first": "a", "second": "b", "label": "y" } } }""")!.AsObject();
        change(json);
        return json.ToJsonString(
            new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
