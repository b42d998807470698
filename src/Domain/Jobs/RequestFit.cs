namespace LoraDrop.Domain;

/// <summary>Whether a request goes with its model and its data, as far as their facts tell: a fault here would end the run before its first step.</summary>
/// <remarks>Nothing is said where the facts cannot decide: values that are too many to be listed. The run reads every row, and has the last
/// word.</remarks>
public static class RequestFit
{
    private const int MostStrangers = 5;

    /// <summary>All faults, each with its path in the request.</summary>
    /// <param name="request">A request without faults of its own.</param>
    /// <param name="model">The base model; null: not known yet.</param>
    /// <param name="data">The data set; null: not known yet.</param>
    public static IReadOnlyList<Fault> Faults(JobRequest request, ModelSummary? model, DatasetSummary? data) =>
        [.. model is null ? [] : ModelFaults(request.Lora, model).Concat(TaskFaults(request.Task, model)), .. data is null ? [] : DataFaults(request, data)];

    /// <summary>The columns of a file whose texts the task reads; none where the file has not all that the task wants.</summary>
    public static IReadOnlyList<ColumnSummary> ReadColumns(TaskSettings task, SplitSummary split)
    {
        if (task.Kind == TaskKind.Generation)
        {
            if (task.TextChoices is [{ Chat: true }]) return split.Columns;
            var text = TextColumns.Chosen(task.TextChoices, NamesOf(split));
            return text is null ? [] : [.. split.Columns.Where(column => RowTemplate.Of(text.Prompt!).Columns.Concat(RowTemplate.Of(text.Target!).Columns).Contains(column.Name))];
        }
        return Chosen(task, split) is not { } columns ? [] : [.. FieldsOf(columns).Where(field => field.Field != "label").Select(field =>
            split.Columns.First(column => column.Name == field.Name))];
    }

    /// <summary>The column of a file that the task predicts; null where the file has not all that the task wants.</summary>
    public static ColumnSummary? LabelColumn(TaskSettings task, SplitSummary split) => Chosen(task, split) is { } columns
        ? split.Columns.First(column => column.Name == columns.Label) : null;

    private static IEnumerable<Fault> ModelFaults(LoraSettings lora, ModelSummary model)
    {
        LinearModule[] layers = [.. model.EveryModule];
        foreach (var fault in LoraFit.TargetFaults(lora.Targets, layers)) yield return fault;
        var targets = LoraFit.Chosen(lora.Targets, layers);
        if (targets.Count > 0 && LoraFit.RankFault(lora.Rank, targets) is { } tooLarge) yield return tooLarge;
    }

    /// <summary>A task that the model has not the parts for.</summary>
    private static IEnumerable<Fault> TaskFaults(TaskSettings task, ModelSummary model)
    {
        if (task.Kind != TaskKind.Generation) yield break;
        if (!model.Generates) yield return new("model", $"is an encoder ({model.Family}), which generates no text, and the task is generation. Take a decoder: {string.Join(", ", ModelSummary.Decoders)}");
        else if (model.OutputLayer == false) yield return new("model", "has no output layer (lm_head.weight) among its weights, and the task is generation: it was saved for another task. Take the model as it was published");
        else if (task.TextChoices is [{ Chat: true }] && model.ChatTemplate == false)
            yield return new("model", "has no chat template, which conversations need. Take one that was tuned for them (-Instruct, -Chat), put chat_template.jinja into its folder, or give task.text.prompt and task.text.target");
    }

    private static List<Fault> DataFaults(JobRequest request, DatasetSummary data)
    {
        if (request.Task.Kind == TaskKind.Generation) return [.. data.Splits.SelectMany(split => TextFaults(request.Task, split))];
        var (task, faults) = (request.Task, new List<Fault>());
        foreach (var split in data.Splits)
        {
            faults.AddRange(ColumnFaults(task, split));
            if (ReadSplit.Of(task, split) is not { } read) continue;
            Fault[] cells = [.. read.CellFaults(task)];
            faults.AddRange(cells);
            if (split.Split != SplitSummary.Train || cells.Length > 0) continue;
            if (task is { Kind: TaskKind.Classification, Labels: null } && read.Label.Values is { } values)
            {
                var inferred = task with { Labels = ClassNames.Infer(values.Keys) };
                faults.AddRange(inferred.Faults("task"));
                task = inferred; // for the other splits
            }
            else if (read.ClassesOf(task)?.Distinct().Count() == 1) faults.Add(new(PathOf(task, "label"), $"{split.File} has one class only: there is nothing to learn"));
            if (data.Splits.All(other => other.Split != SplitSummary.Validation) && read.IsTooFew(task, request.Training.Seed)) faults.Add(new("dataset", $"{split.File} {KeptAside.TooFew}"));
        }
        return faults;
    }

    /// <summary>Columns that no choice of templates finds all of, or that cannot be read. Conversations the run reads.</summary>
    private static IEnumerable<Fault> TextFaults(TaskSettings task, SplitSummary split)
    {
        if (task.TextChoices is [{ Chat: true }]) return [];
        var path = task.Text is null ? "task.preset" : "task.text";
        if (TextColumns.Chosen(task.TextChoices, NamesOf(split)) is not { } text) return [new(path,
            $"{split.File} {TextColumns.Wanted(task.TextChoices, NamesOf(split), split.Header, WhyNoHeader(split))}")];
        return [.. split.Columns.Where(column => text.Columns.Contains(column.Name)).Select(column => UnreadableFault(split, column, path,
            "a text")).OfType<Fault>()];
    }

    /// <summary>Columns that the task reads and the file has not, or has twice.</summary>
    private static IEnumerable<Fault> ColumnFaults(TaskSettings task, SplitSummary split)
    {
        var names = NamesOf(split);
        if (Chosen(task, split) is { } chosen)
            return ColumnChoice.Twice(chosen, names).Select(twice => new Fault(PathOf(task, FieldsOf(chosen).First(field =>
                field.Name == twice).Field), $"{split.File} column {twice} is there more than once"));
        if (task.Columns is null) return [new("task.preset",
            $"{split.File} {ColumnChoice.Wanted(task.ColumnChoices, names, split.Header, WhyNoHeader(split))}")];
        return FieldsOf(task.Columns).Where(field => !names.Contains(field.Name)).Select(field => new Fault(PathOf(task, field.Field),
            $"{split.File} has no column \"{field.Name}\"; it has ({ColumnChoice.Listed(names)}){Spelling.Hint(field.Name, names)}{ColumnChoice.Otherwise([field.Name], split.Header, WhyNoHeader(split))}"));
    }

    /// <summary>A column that the task reads and nobody can.</summary>
    private static Fault? UnreadableFault(SplitSummary split, ColumnSummary column, string path, string wanted) =>
        column.Unreadable is { } why ? new(path, $"{split.File} column {column.Name} cannot be read: {why}")
        : column.Type == ColumnType.Other
            ? new(path, $"{split.File} column {column.Name} must be {wanted}; it holds lists, objects, dates or the like")
        : null;

    private static TaskColumns? Chosen(TaskSettings task, SplitSummary split) => ColumnChoice.Named(task.ColumnChoices, NamesOf(split));

    private static string[] NamesOf(SplitSummary split) => [.. split.Columns.Select(column => column.Name)];

    private static string? WhyNoHeader(SplitSummary split) => split.Header || split.Preview.Count == 0
        ? null : HeaderLine.WhyNot(split.Preview[0], [.. split.Preview.Skip(1)]);

    private static IEnumerable<(string Field, string Name)> FieldsOf(TaskColumns columns) =>
        columns.Second is null ? [("first", columns.First), ("label", columns.Label)] : [("first", columns.First), ("second", columns.Second), ("label", columns.Label)];

    private static string PathOf(TaskSettings task, string field) => task.Columns is null ? "task.preset" : $"task.columns.{field}";

    /// <summary>A file whose facts are about the rows that the task would read.</summary>
    private sealed class ReadSplit
    {
        private readonly SplitSummary _split;
        private readonly TaskColumns _columns;

        private ReadSplit(SplitSummary split, TaskColumns columns) => (_split, _columns) = (split, columns);

        public ColumnSummary Label => Column(_columns.Label);

        /// <summary>Null where the task does not find its columns.</summary>
        public static ReadSplit? Of(TaskSettings task, SplitSummary split) => Chosen(task, split) is { } columns ? new(split, columns) : null;

        public IEnumerable<Fault> CellFaults(TaskSettings task)
        {
            if (_split.Split == SplitSummary.Test && Label is { Empty: 0, Values: { } hidden } && hidden.Keys.All(label => ClassNames.IsHidden(label, task.Labels))) yield break; // left out by the run
            foreach (var (field, name) in FieldsOf(_columns))
            {
                var column = Column(name);
                if (UnreadableFault(_split, column, PathOf(task, field), field == "label" ? "a text or a number" : "a text")
                    is { } unreadable)
                {
                    yield return unreadable;
                    continue;
                }
                if (column.Empty > 0) yield return new(PathOf(task, field), $"{_split.File} {column.FirstEmpty} column {name} is empty{(column.Empty > 1 ? $"; so are {column.Empty - 1} more {(column.Empty == 2 ? "row" : "rows")}" : "")}");
                if (MistypedAs(column, field == "label") is { } wanted) yield return new(PathOf(task, field), $"{_split.File} column {name} must be {wanted}; it is {Words(column.Type)}");
                else if (field == "label" && LabelFault(task) is { } fault) yield return fault;
            }
        }

        /// <summary>The class of every row; null where that cannot be known, or there are no classes.</summary>
        public int[]? ClassesOf(TaskSettings task)
        {
            if (task is not { Kind: TaskKind.Classification, Labels: { } labels } || Label.Values is not { } values) return null;
            var index = new ClassIndex(labels);
            return values.Keys.All(label => index.Of(label) is not null)
                ? [.. values.SelectMany(value => Enumerable.Repeat(index.Of(value.Key)!.Value, value.Value))] : null;
        }

        /// <summary>Whether no row could be kept aside: of more rows than classes can be, a tenth always can.</summary>
        public bool IsTooFew(TaskSettings task, long seed)
        {
            if (_split.Rows > ColumnSummary.MostValues) return false;
            if (task.Kind == TaskKind.Regression) return KeptAside.Stays(new double[_split.Rows], seed).Length == _split.Rows;
            return ClassesOf(task) is { } classes && KeptAside.Stays(classes, seed).Length == _split.Rows;
        }

        private Fault? LabelFault(TaskSettings task)
        {
            if (task.Kind == TaskKind.Regression)
                return Label.FirstNotNumber is { } cell ? new(PathOf(task, "label"), $"{_split.File} {cell.Place} column {_columns.Label} must be {ClassNames.Wanted(null)}; it is \"{cell.Text}\"") : null;
            if (task.Labels is not { } labels || Label.Values is not { } values) return null;
            var index = new ClassIndex(labels);
            string[] strangers = [.. values.Where(value => index.Of(value.Key) is null).Select(value =>
                $"\"{value.Key}\" in {value.Value} {(value.Value == 1 ? "row" : "rows")}")];
            return strangers.Length == 0 ? null
                : new("task.labels", $"{_split.File} column {_columns.Label} must be {ClassNames.Wanted(labels)}; it is {string.Join(", ", strangers.Take(MostStrangers))}{(strangers.Length > MostStrangers ? ", …" : "")}");
        }

        /// <summary>What a column ought to be that the format says is something else; null where it is right, or the format does not say.</summary>
        private string? MistypedAs(ColumnSummary column, bool label) => (_split.Typed, label, column.Type) switch
        {
            (false, _, _) or (_, _, ColumnType.Text) or (_, true, ColumnType.Whole or ColumnType.Number or ColumnType.Boolean) => null,
            (_, true, _) => "a text or a number",
            (_, false, _) => "a text",
        };

        private static string Words(ColumnType type) => type switch
        {
            ColumnType.Text => "a text",
            ColumnType.Whole or ColumnType.Number => "a number",
            ColumnType.Boolean => "true or false",
            ColumnType.Other => "neither",
        };

        private ColumnSummary Column(string name) => _split.Columns.First(column => column.Name == name);
    }
}
