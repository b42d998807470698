using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>What becomes of a row whose prompt and target have more tokens than the model or <c>training.maxLength</c> allow.</summary>
public enum Overlong
{
    /// <summary>The prompt loses tokens from its left end; where the target alone is too long, it loses its right end.</summary>
    Cut,

    /// <summary>The row is left out.</summary>
    Drop,

    /// <summary>The run is refused, with the rows named.</summary>
    Refuse,
}

/// <summary>How a row becomes a prompt, and what a model learns to answer.</summary>
public sealed record TextSettings
{
    /// <summary>What the model reads, with columns in braces: <c>"Question: {question}\nAnswer:"</c>; required unless <see cref="Chat"/>.</summary>
    public string? Prompt { get; init; }

    /// <summary>What it learns to answer; loss is counted on its tokens and the end token alone. Required unless <see cref="Chat"/>.</summary>
    public string? Target { get; init; }

    /// <summary>Columns with further right answers, which generated ones are also held against; default none. Rows with the same prompt are references of each other anyway.</summary>
    public IReadOnlyList<string>? References { get; init; }

    /// <summary>The column that says where a row comes from; the sample that importance is measured on has its share of each. Default none.</summary>
    public string? Source { get; init; }

    /// <summary>Whether each row is a conversation: JSONL with <c>messages</c> (OpenAI), <c>conversations</c> (ShareGPT), or <c>instruction</c>, <c>input</c> and <c>output</c> (Alpaca). The
    /// model's own chat template lays it out, and what the assistant says is learnt. Default false.</summary>
    public bool Chat { get; init; }

    /// <summary>What becomes of rows that are too long; default <c>cut</c>.</summary>
    public Overlong Overlong { get; init; }

    /// <summary>The columns that a file must have.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Columns => Chat ? [] : [.. RowTemplate.Of(Prompt!).Columns.Concat(RowTemplate.Of(Target!).Columns).Concat(References ?? []).Concat(Source is null ? [] : [Source]).Distinct()];

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var (field, template) in new[] { ("prompt", Prompt), ("target", Target) })
        {
            if (Chat && template is not null) yield return new($"{path}.{field}", "does not go with chat, where the model's chat template lays out the messages");
            else if (!Chat && template is null) yield return new($"{path}.{field}", "is required where no preset is named and chat is not true");
            else if (template is not null && RowTemplate.Fault(template) is { } fault) yield return new($"{path}.{field}", fault);
        }
        if (Chat && References is not null) yield return new($"{path}.references", "does not go with chat");
        if (References?.Distinct().Count() < References?.Count) yield return new($"{path}.references", "must name each column once");
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
