using System.IO.Compression;
using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Files of generation tasks: rows become prompts and targets, conversations messages.</summary>
public sealed class PromptFileFacts : IDisposable
{
    private const string Good = """{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]}""";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_row_becomes_prompt_and_target_by_its_templates()
    {
        var prompt = Read("d.jsonl", """{"question": "2+2?", "answer": "4", "also": "four", "from": "sums"}""",
            new() { Prompt = "Q: {question} {{x}}\nA:", Target = " {answer}", References = ["also"], Source = "from" })[0];
        Assert.Equal(("Q: 2+2? {x}\nA:", " 4", "sums"), (prompt.Text, prompt.Target, prompt.Source));
        Assert.Equal([" 4", "four"], prompt.References);
    }

    [Theory]
    [InlineData("a\tb\n\ty\n", "d.tsv row 1 (line 2) column a: is empty: there is no prompt")]
    [InlineData("a\tb\nx\t \n", "d.tsv row 1 (line 2) column b: is empty: there is nothing to answer")]
    [InlineData("a\tbb\nx\ty\n", "d.tsv: must have the columns (a, b); it has (a, bb)")]
    [InlineData("", "d.tsv: has no rows")]
    public void What_is_wrong_with_a_row_is_told_by_row_and_column(string text, string fault) =>
        Assert.StartsWith(fault,
            Assert.Throws<RefusedInputException>(() => Read("d.tsv", text, new() { Prompt = "{a}", Target = "{b}" })).Message);

    [Theory]
    [InlineData("No column", "must contain a column in braces")]
    [InlineData("{a", "opens a brace at character 1 that is never closed")]
    [InlineData("a} {b}", "closes a brace at character 2 that was not opened")]
    [InlineData("{}", "has no column name between the braces at character 1")]
    public void A_template_that_names_no_column_is_refused(string template, string why) =>
        Assert.Contains(why, Assert.Single(new TextSettings { Prompt = template, Target = "{b}" }.Faults("task.text")).Message);

    [Fact]
    public void A_packed_file_is_read_and_one_that_only_calls_itself_packed_is_not()
    {
        File.WriteAllBytes(_folder.At("d.txt.gz"), Packed(Encoding.UTF8.GetBytes("name : X || There is X . \n")));
        Assert.Equal(("Table: name : X\nText:", " There is X ."), Preset("e2e", "d.txt.gz")[0] is var prompt
            ? (prompt.Text, prompt.Target)
            : default);

        File.WriteAllText(_folder.At("plain.txt.gz"), "not packed");
        Assert.Contains("plain.txt.gz: cannot be unpacked: it is not packed by gzip, although its name ends in .gz",
            Assert.Throws<RefusedInputException>(() => Preset("e2e", "plain.txt.gz")).Message);
    }

    [Theory]
    [InlineData("c.jsonl", Good)]
    [InlineData("c.jsonl", """{"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]}""")]
    [InlineData("c.jsonl", """{"instruction": "Hello", "input": "", "output": "Hi"}""")]
    [InlineData("c.json", """[{"instruction": "Hello", "input": "", "output": "Hi"}]""")]
    public void Conversations_are_read_in_the_three_forms_that_are_about(string file, string text)
    {
        _folder.File(file, text);
        var prompt = Preset("chat", file)[0];
        Assert.Equal([("user", "Hello", false), ("assistant", "Hi", true)], prompt.Conversation!.Messages.Select(message =>
            (message.Role, message.Content, message.Learnt)));
        Assert.Equal(["Hi"], prompt.References);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "robot", "content": "x"}, {"role": "assistant", "content": "y"}]}""",
        "messages[0].role: must be one of system, developer, user, assistant, tool")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}]}""", "messages: must have a message to answer, and the answer")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "y"}, {"role": "user", "content": "x"}]}""",
        "messages[1]: must be of the assistant: the last message is an answer")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": 0}]}""",
        "messages: has no answer that is learnt: each has the weight 0")]
    [InlineData("""{"messages": [{"role": "user", "content": "x", "name": "\ud800"}, {"role": "assistant", "content": "y"}]}""",
        "messages[0]: holds half of a surrogate pair")]
    [InlineData("""{"conversations": [{"from": "pope", "value": "x"}, {"from": "gpt", "value": "y"}]}""",
        "conversations[0].from: must be one of system, developer, user, human, assistant, gpt, tool, observation, function, function_call")]
    [InlineData("""{"instruction": "x", "output": ""}""", "output: must be a text that is not empty")]
    public void What_is_wrong_with_a_conversation_is_told_by_row_and_message(string line, string fault)
    {
        _folder.File("c.jsonl", $"{Good}\n{line}\n");
        Assert.Equal($"c.jsonl row 2 (line 2) {fault}",
            Assert.Single(Assert.Throws<RefusedInputException>(() => Preset("chat", "c.jsonl")).Faults).ToString());
    }

    [Theory]
    [InlineData("e2e", "nlg/e2e/valid.txt", 4672)]
    [InlineData("e2e", "nlg/e2e/train.txt.gz", 42061)]
    [InlineData("dart", "nlg/dart/dev.json", 6980)]
    [InlineData("dart", "nlg/dart/test.json", 12551)] // of 12,552 one is null
    [InlineData("dialogsum", "nlg/dialogsum/train.jsonl.gz", 12460)]
    [InlineData("dialogsum", "nlg/dialogsum/test.jsonl", 500)]
    [InlineData("gsm8k", "nlg/gsm8k/test.jsonl", 1319)]
    public void The_published_files_are_read_as_they_are(string preset, string file, int rows)
    {
        var prompts = PromptFile.Read(RealData.Path(file.Split('/')), TaskPreset.Find(preset)!.Task).Prompts;
        Assert.Equal(rows, prompts.Count);
        Assert.All(prompts, prompt => Assert.True(prompt.Text.Length > 10 && prompt.Target.Length > 1));
        if (file.EndsWith("dialogsum/test.jsonl")) Assert.All(prompts, prompt => Assert.Equal(3, prompt.References.Count));
        Assert.Equal(rows, DatasetInspection.Read(new(RealData.Path(file.Split('/')))).Splits[0].Rows);
    }

    [Fact]
    public void Rows_with_the_same_prompt_are_one_prompt_with_several_right_answers()
    {
        var prompts = PromptFile.Read(RealData.Path("nlg", "e2e", "test.txt"), TaskPreset.Find("e2e")!.Task).Prompts;
        var grouped = Prompt.Grouped(prompts);
        Assert.Equal(630, grouped.Count);
        Assert.Equal(prompts.Select(p => (p.Text, p.Target)).Distinct().Count(), grouped.Sum(p => p.References.Count));
    }

    private IReadOnlyList<Prompt> Read(string name, string text, TextSettings settings) =>
        PromptFile.Read(_folder.File(name, text),
            new() { Kind = TaskKind.Generation, Metric = Metric.Perplexity, Text = settings, Decoding = new() }).Prompts;

    private IReadOnlyList<Prompt> Preset(string preset, string name) =>
        PromptFile.Read(_folder.At(name), TaskPreset.Find(preset)!.Task).Prompts;

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
