using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Generation;

/// <summary>Prompts with a model's answers.</summary>
public sealed record Answers(IReadOnlyList<(Prompt Prompt, GeneratedText Answer)> Items)
{
    /// <summary>Generates answers to prompts.</summary>
    public static Answers Of(LanguageModel model, PromptEncoder encoder, IReadOnlyList<Prompt> prompts, DecodingSettings decoding,
        long seed, CancellationToken cancel, int first = 0)
    {
        var generator = new TextGenerator(model, encoder.Tokenizer, decoding, encoder.EndIds);
        var asked = prompts.Select(prompt => encoder.EncodeToAnswer(prompt, decoding.MaxNewTokens)).ToArray();
        var answers = generator.Answer([.. asked.Select(prompt => prompt.Ids)], decoding.BatchSize, seed, cancel, first);
        return new([.. prompts.Zip(answers)]) { Cut = asked.Count(prompt => prompt.Cut) };
    }

    /// <summary>Number of prompts truncated on the left to leave room for the answer.</summary>
    public int Cut { get; init; }

    /// <summary>A remark on how the answers were generated, or null.</summary>
    public string? Remark =>
        Cut == 0 ? null : $"{Cut:N0} of {Items.Count:N0} prompts left too little room for an answer; they were cut from the left.";

    /// <summary>Scores the answers against all correct ones, ignoring white space at the ends.</summary>
    public Scores ScoresBy(Metric metric) =>
        Scores.OfTexts(metric,
            [.. Items.Select(item => new Segment(item.Answer.Text.Trim(),
            [.. item.Prompt.References.Select(reference => reference.Trim())]))]);

    /// <summary>One object per line: prompt (for a conversation its messages, plus tools and other template variables), answer, why it
    /// ended, and the correct answers.</summary>
    public string ToJsonLines()
    {
        var lines = new StringBuilder();
        foreach (var (prompt, answer) in Items)
        {
            var line = new JsonObject { ["prompt"] = prompt.Text };
            if (prompt.Conversation is { } talk)
            {
                line["prompt"] = new JsonArray([.. talk.Messages.SkipLast(1).Select(message => message.Fields.DeepClone())]);
                if (talk.Tools is { } tools) line["tools"] = tools.DeepClone();
                foreach (var (name, value) in talk.Variables) line[name] = value?.DeepClone();
            }
            (line["answer"], line["end"]) = (answer.Text, JsonSerializer.SerializeToNode(answer.End, JsonText.Compact));
            line["references"] = new JsonArray([.. prompt.References.Select(reference => (JsonNode)reference)]);
            lines.Append(line.ToJsonString(JsonText.Compact)).Append('\n');
        }
        return lines.ToString();
    }
}
