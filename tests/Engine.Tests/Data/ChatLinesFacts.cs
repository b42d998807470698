using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class ChatLinesFacts : IDisposable
{
    private const string Good =
        """{"messages": [{"role": "system", "content": "Is it good?"}, {"role": "user", "content": "a warm film"}, {"role": "assistant", "content": "yes"}]}""";

    private static readonly TaskSettings Task = TaskPreset.Find(TaskPreset.Labelled)!.Task;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_assistant_says_last_is_the_label_of_all_that_was_said_before()
    {
        const string Talk =
            """{"messages": [{"role": "user", "content": [{"type": "text", "text": "a dull"}, {"type": "text", "text": " film"}]}, {"role": "assistant", "content": "sure?", "weight": 0}, {"role": "user", "name": "ann", "content": "quite"}, {"role": "assistant", "content": "no", "weight": 1}]}""";
        var data = Dataset.Read(File($"{Good}\n{Talk}\n"), Task);
        Assert.Equal([new Example("Is it good?\na warm film", null, 1), new Example("a dull film\nsure?\nquite", null, 0)], data.Examples);
        Assert.Equal(["no", "yes"], data.Labels);
    }

    [Fact]
    public void An_inspection_shows_them_as_the_two_columns_that_a_task_reads()
    {
        var split = DatasetInspection.Read(new(File($"{Good}\n{Good.Replace("yes", "no")}\n"))).Splits[0];
        Assert.Equal([("text", ColumnType.Text), ("label", ColumnType.Text)], split.Columns.Select(c => (c.Name, c.Type)));
        Assert.Equal(["Is it good?\na warm film", "yes"], split.Preview[0]);
        Assert.Equal(["no", "yes"], split.Columns[1].Values!.Keys);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "robot", "content": "x"}, {"role": "assistant", "content": "y"}]}""",
        "messages[0].role: must be one of system, developer, user, assistant, tool")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}]}""", "messages: must have a message to answer, and the answer")]
    [InlineData("""{"messages": []}""", "messages: must have a message to answer, and the answer")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "y"}]}""", "messages: must have a message to answer, and the answer")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "y"}, {"role": "user", "content": "x"}]}""",
        "messages[1]: must be of the assistant: the last message is an answer")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null}]}""",
        "messages[1].content: must be a text that is not empty, or a list of parts of the type text")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image_url"}]}, {"role": "assistant", "content": "y"}]}""",
        "messages[0].content[0]: is a picture: models that read text are trained here, and nothing else")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "tool_calls": [{"name": "f", "arguments": {}}]}]}""", "messages[1].tool_calls: is no class: a classifier calls no tools")]
    [InlineData("""{"messages": [{"role": "user", "content": "x", "weight": 1}, {"role": "assistant", "content": "y"}]}""",
        "messages[0].weight: must be on a message of the assistant: nothing else is learnt")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": 0}]}""", "messages[3].weight: must not be 0 on the last message: it is the label")]
    [InlineData("""{"messages": [7, {"role": "assistant", "content": "y"}]}""", "messages[0]: must be an object with role and content")]
    [InlineData("""{"messages": [{"role": "user", "content": "\ud800"}, {"role": "assistant", "content": "y"}]}""",
        "messages[0]: holds half of a surrogate pair")]
    [InlineData("""{"text": "x", "label": "y"}""",
        "messages: must be a list of messages (or there is a list conversations, or instruction and output, "
        + "or prompt and completion as lists)")]
    public void What_no_classifier_can_learn_is_told_with_row_line_and_message(string line, string fault)
    {
        var path = File($"{Good}\n{line}\n");
        var expected = $"chat.jsonl row 2 (line 2) {fault}";
        Assert.Equal([expected], Assert.Throws<RefusedInputException>(() => Dataset.Read(path, Task)).Faults.Select(f => $"{f}"));
    }

    [Fact]
    public void What_no_classifier_reads_is_named_once_and_refuses_nothing()
    {
        string Line(string film, string label) =>
            $$"""{"id": 1, "messages": [{"role": "user", "content": "{{film}}", "name": "ann", "tool_calls": null}, {"role": "assistant", "content": "{{label}}"}], "tools": [{"name": "f"}], "topic": null, "meta": {"a": [1]} }""" + "\n";
        var path = File(string.Concat(Enumerable.Range(0, 12).Select(i => Line($"film {i}", i % 2 == 0 ? "yes" : "no"))));
        Assert.Equal(["chat.jsonl: not used: tools, id, meta, messages[].name"], TrainingData.Read(new(path), Task, 1).Remarks);
        Assert.Equal(12, DatasetInspection.Read(new(path)).Splits[0].Rows);
    }

    [Fact]
    public void The_forms_that_an_inspection_shows_as_text_and_label_are_those_that_are_learnt()
    {
        foreach (var row in (string[])["""{"conversations": [{"from": "human", "value": "a film"}, {"from": "gpt", "value": "yes"}], "system": "Good?"}""", """{"prompt": [{"role": "system", "content": "Good?"}, {"role": "user", "content": "a film"}], "completion": [{"role": "assistant", "content": "yes"}]}"""])
        {
            var path = File($"{row}\n{row.Replace("yes", "no")}\n");
            Assert.Equal(["Good?\na film", "yes"], DatasetInspection.Read(new(path)).Splits[0].Preview[0]);
            Assert.Equal(new Example("Good?\na film", null, 1), Dataset.Read(path, Task).Examples[0]);
        }
    }

    [Fact]
    public void A_column_of_that_name_beside_a_text_is_no_chat()
    {
        var split = DatasetInspection.Read(new(File("""{"text": "x", "label": "y", "messages": []}"""))).Splits[0];
        Assert.Equal([("text", ColumnType.Text), ("label", ColumnType.Text), ("messages", ColumnType.Other)],
            split.Columns.Select(column => (column.Name, column.Type)));
        Assert.Equal(["messages"], split.NotUsed);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "tools": [{"name": "f"}]}""")]
    [InlineData("""{"instruction": "a", "input": "", "output": "b", "history": [["c", "d"]]}""")]
    public void What_a_chat_template_may_read_is_not_called_unused_at_upload(string row) =>
        Assert.Empty(DatasetInspection.Read(new(File($"{row}\n"))).Splits[0].NotUsed);

    [Fact]
    public void A_prompt_and_its_completion_are_read_too() =>
        Assert.Equal([new Example("a warm film", null, 1), new Example("a dull film", null, 0)],
            Dataset.Read(
            File("{\"prompt\": \"a warm film\", \"completion\": \"yes\"}\n{\"prompt\": \"a dull film\", \"completion\": \"no\"}\n"),
            Task).Examples);

    private string File(string text) => _folder.File("chat.jsonl", Encoding.UTF8.GetBytes(text));
}
