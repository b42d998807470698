using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class ChatLinesFacts : IDisposable
{
    private const string Good = """{"messages": [{"role": "system", "content": "Is it good?"}, {"role": "user", "content": "a warm film"}, {"role": "assistant", "content": "yes"}]}""";

    private static readonly TaskSettings Task = TaskPreset.Find(TaskPreset.Labelled)!.Task;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_assistant_says_last_is_the_label_of_all_that_was_said_before()
    {
        const string Talk = """{"messages": [{"role": "user", "content": [{"type": "text", "text": "a dull"}, {"type": "text", "text": " film"}]}, {"role": "assistant", "content": "sure?", "weight": 0}, {"role": "user", "name": "ann", "content": "quite"}, {"role": "assistant", "content": "no", "weight": 1}]}""";
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
    [InlineData("""{"messages": [{"role": "robot", "content": "x"}, {"role": "assistant", "content": "y"}]}""", "messages[0].role: must be one of system, developer, user, assistant")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}]}""", "messages: must have a message of the assistant: its content is the label")]
    [InlineData("""{"messages": []}""", "messages: must have a message of the assistant: its content is the label")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "y"}]}""", "messages: must have a message before the assistant's last: it is the text")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "y"}, {"role": "user", "content": "x"}]}""", "messages[1]: must be of the assistant: the last message is the label")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null}]}""", "messages[1].content: must be a text that is not empty, or a list of parts of the type text")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image_url"}]}, {"role": "assistant", "content": "y"}]}""", "messages[0].content: must be a text that is not empty, or a list of parts of the type text")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "tool_calls": []}]}""", "messages[1].tool_calls: is no class: a classifier calls no tools")]
    [InlineData("""{"messages": [{"role": "user", "content": "x", "weight": 1}, {"role": "assistant", "content": "y"}]}""", "messages[0].weight: must be 0 or 1, on a message of the assistant")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "tools": []}""", "tools: is not a field of a chat line: a classifier learns from messages alone")]
    [InlineData("""{"messages": [7, {"role": "assistant", "content": "y"}]}""", "messages[0]: must be an object with role and content")]
    [InlineData("""{"messages": [{"role": "user", "content": "\ud800"}, {"role": "assistant", "content": "y"}]}""", "messages[0].content: must be a text that is not empty, or a list of parts of the type text")]
    [InlineData("""{"text": "x", "label": "y"}""", "messages: must be a list of messages, as in the first row")]
    public void What_no_classifier_can_learn_is_told_with_row_line_and_message(string line, string fault)
    {
        var path = File($"{Good}\n{line}\n");
        var expected = $"chat.jsonl row 2 (line 2) {fault}";
        Assert.Equal([expected], Assert.Throws<RefusedInputException>(() => Dataset.Read(path, Task)).Faults.Select(f => $"{f}"));
    }

    [Fact]
    public void A_column_of_that_name_beside_a_text_is_no_chat() =>
        Assert.Contains("column messages: must be a text or a number", Assert.Throws<RefusedInputException>(() => DatasetInspection.Read(new(File("""{"text": "x", "label": "y", "messages": []}""")))).Message);

    [Fact]
    public void A_prompt_and_its_completion_are_read_too() =>
        Assert.Equal([new Example("a warm film", null, 1), new Example("a dull film", null, 0)], Dataset.Read(File("{\"prompt\": \"a warm film\", \"completion\": \"yes\"}\n{\"prompt\": \"a dull film\", \"completion\": \"no\"}\n"), Task).Examples);

    private string File(string text) => _folder.File("chat.jsonl", Encoding.UTF8.GetBytes(text));
}
