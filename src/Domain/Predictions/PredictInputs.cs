namespace LoraDrop.Domain;

/// <summary>An input as the task reads it.</summary>
/// <param name="First">The text, the first text of a pair, or the whole prompt.</param>
/// <param name="Second">The second text of a pair; null for single texts.</param>
/// <param name="Messages">The conversation to answer; null if there is none.</param>
public sealed record PredictInput(string First, string? Second = null, IReadOnlyList<SaidMessage>? Messages = null);

/// <summary>Reads the inputs of a request as a task reads its data, and refuses what does not fit.</summary>
internal sealed class PredictInputs(PredictRequest request, TaskSettings task, List<Fault> faults)
{
    public IReadOnlyList<PredictInput> Read()
    {
        if (task.Kind == TaskKind.Generation) return task.TextChoices is [{ Chat: true }] ? Conversations() : Prompts();
        if (request.Generation is not null) Refuse("generation", "applies only to jobs that generate text; this one predicts labels");
        if (request.Stream) Refuse("stream", "applies only to jobs that generate text; this one predicts labels");
        return Labelled();
    }

    private IReadOnlyList<PredictInput> Labelled()
    {
        if (request.Messages is not null) return Refuse("messages", "applies only to jobs trained to answer conversations");
        var choices = task.ColumnChoices;
        if (request.Texts is { } texts)
            return choices.All(columns => columns.Second is not null)
                ? Refuse("texts", $"this job reads pairs of texts: give rows with {Choices(choices.Select(ReadBy))}")
                : [.. texts.Select(text => new PredictInput(text))];
        return Rows([.. choices.Select(ReadBy)], [.. choices.Select(columns => columns.Label)], (row, at) =>
            new(row[choices[at].First], choices[at].Second is { } second ? row[second] : null));
    }

    private IReadOnlyList<PredictInput> Conversations()
    {
        if (request.Rows is not null) return Refuse("rows", "this job answers conversations: give messages, or the user's message as text");
        return request.Messages is { } talks
            ? [.. talks.Select(talk => new PredictInput("", Messages: talk))]
            : [.. request.Texts!.Select(text => new PredictInput("", Messages: [new("user", text)]))];
    }

    private IReadOnlyList<PredictInput> Prompts()
    {
        if (request.Messages is not null)
            return Refuse("messages", "this job was not trained on conversations: give rows for its template, or whole prompts as texts");
        if (request.Texts is { } texts) return [.. texts.Select(text => new PredictInput(text))];
        RowTemplate[] templates = [.. task.TextChoices.Select(choice => RowTemplate.Of(choice.Prompt!))];
        return Rows([.. templates.Select(template => template.Columns)], [.. task.TextChoices.SelectMany(choice => choice.Columns)],
            (row, at) => new(templates[at].Fill(column => row[column])));
    }

    /// <param name="choices">The columns that the task needs, best choice first.</param>
    /// <param name="besides">Columns of its data that a prediction does not read.</param>
    /// <param name="read">Makes the input of a row that has the columns of a choice.</param>
    private List<PredictInput> Rows(IReadOnlyList<string>[] choices, string[] besides,
        Func<IReadOnlyDictionary<string, string>, int, PredictInput> read)
    {
        var inputs = new List<PredictInput>();
        foreach (var (index, row) in request.Rows!.Index())
        {
            foreach (var other in row.Keys.Except(choices.SelectMany(columns => columns)).Except(besides))
                Refuse($"rows[{index}].{other}", $"is no column that this job reads; it reads {Choices(choices)}");
            var at = Array.FindIndex(choices, columns => columns.All(row.ContainsKey));
            if (at < 0) Refuse($"rows[{index}]", $"must have {Choices(choices)}");
            else if (choices[at].FirstOrDefault(column => string.IsNullOrWhiteSpace(row[column])) is { } empty)
                Refuse($"rows[{index}].{empty}", "must not be empty");
            else inputs.Add(read(row, at));
        }
        return inputs;
    }

    private static IReadOnlyList<string> ReadBy(TaskColumns columns) =>
        columns.Second is { } second ? [columns.First, second] : [columns.First];

    private static string Choices(IEnumerable<IReadOnlyList<string>> choices) =>
        string.Join(", or ", choices.Select(columns => string.Join(" and ", columns)).Distinct());

    private IReadOnlyList<PredictInput> Refuse(string path, string message)
    {
        faults.Add(new(path, message));
        return [];
    }
}
