using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>What to do with rows whose prompt and target exceed the tokens allowed by the model or <c>training.maxLength</c>.</summary>
public enum Overlong
{
    /// <summary>Truncates the prompt on the left; if the target alone is too long, truncates it on the right.</summary>
    Cut,

    /// <summary>Skips the row.</summary>
    Drop,

    /// <summary>Refuses the run and lists the rows.</summary>
    Refuse,
}

/// <summary>How rows become prompts and targets.</summary>
public sealed record TextSettings
{
    /// <summary>Template of the prompt, with columns in braces: <c>"Question: {question}\nAnswer:"</c>; required unless
    /// <see cref="Chat"/>.</summary>
    public string? Prompt { get; init; }

    /// <summary>Template of the target; the loss covers only its tokens and the end token. Required unless <see cref="Chat"/>.</summary>
    public string? Target { get; init; }

    /// <summary>Columns with additional references for scoring generated text; default none. Rows with the same prompt are always
    /// references of each other.</summary>
    public IReadOnlyList<string>? References { get; init; }

    /// <summary>The column with the origin of a row, by which the importance sample is stratified; default none.</summary>
    public string? Source { get; init; }

    /// <summary>Whether each row is a conversation: JSONL with <c>messages</c> (OpenAI), <c>conversations</c> (ShareGPT), or
    /// <c>instruction</c>, <c>input</c> and <c>output</c> (Alpaca). The conversation is formatted with the model's own chat template, and
    /// the model learns the assistant's messages. Default false.</summary>
    public bool Chat { get; init; }

    /// <summary>What to do with rows that are too long; default <c>cut</c>.</summary>
    public Overlong Overlong { get; init; }

    /// <summary>The columns that a file must have.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Columns => Chat
    ? []
    : [.. RowTemplate.Of(Prompt!).Columns.Concat(RowTemplate.Of(Target!).Columns).Concat(References ?? [])
    .Concat(Source is null ? [] : [Source]).Distinct()];

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var (field, template) in new[] { ("prompt", Prompt), ("target", Target) })
        {
            if (Chat && template is not null)
                yield return new($"{path}.{field}", "cannot be combined with chat, which uses the model's chat template");
            else if (!Chat && template is null) yield return new($"{path}.{field}", "is required without a preset unless chat is true");
            else if (template is not null && RowTemplate.Fault(template) is { } fault) yield return new($"{path}.{field}", fault);
        }
        if (Chat && References is not null) yield return new($"{path}.references", "cannot be combined with chat");
        if (References?.Distinct().Count() < References?.Count) yield return new($"{path}.references", "must not contain duplicates");
    }

    internal static TextSettings Read(JsonFields fields) => new()
    {
        Prompt = fields.Lines("prompt"),
        Target = fields.Lines("target"),
        References = fields.Texts("references"),
        Source = fields.Text("source"),
        Chat = fields.Flag("chat") ?? false,
        Overlong = fields.Choice<Overlong>("overlong") ?? Overlong.Cut,
    };
}
