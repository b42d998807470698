namespace LoraDrop.Domain;

/// <summary>Checks a request against its model and data, as far as their summaries tell. A fault here would end the run before its first
/// step.</summary>
/// <remarks>Does not report what the summaries cannot decide, such as values too many to be listed. The run reads every row and
/// decides.</remarks>
public static class RequestFit
{
    private const int MostUnknownLabels = 5;

    /// <summary>All faults, each with its path in the request.</summary>
    /// <param name="request">A request without faults of its own.</param>
    /// <param name="model">The base model; null if it is not ready.</param>
    /// <param name="data">The dataset; null if it is not ready.</param>
    public static IReadOnlyList<Fault> Faults(JobRequest request, ModelSummary? model, DatasetSummary? data) =>
        [.. model is null ? [] : ModelFaults(request, model).Concat(TaskFaults(request.Task, model)), .. data is null
            ? []
            : DataFaults(request, data)];

    /// <summary>The columns of a file that the task reads as text; none if the file lacks a required column.</summary>
    public static IReadOnlyList<ColumnSummary> ReadColumns(TaskSettings task, SplitSummary split)
    {
        if (task.Kind == TaskKind.Generation)
        {
            if (task.TextChoices is [{ Chat: true }]) return split.Columns;
            var text = TextColumns.Chosen(task.TextChoices, NamesOf(split));
            return text is null
                ? []
                : [.. split.Columns.Where(column => RowTemplate.Of(text.Prompt!).Columns.Concat(RowTemplate.Of(text.Target!).Columns)
                .Contains(column.Name))];
        }
        return Chosen(task, split) is not { } columns ? [] : [.. FieldsOf(columns).Where(field => field.Field != "label").Select(field =>
            split.Columns.First(column => column.Name == field.Name))];
    }

    /// <summary>The column of a file that the task predicts; null if the file lacks a required column.</summary>
    public static ColumnSummary? LabelColumn(TaskSettings task, SplitSummary split) => Chosen(task, split) is { } columns
        ? split.Columns.First(column => column.Name == columns.Label) : null;

    private static IEnumerable<Fault> ModelFaults(JobRequest request, ModelSummary model) =>
        request.Tuning.FitFaults(request.Method.Section, [.. model.EveryModule])
            .Concat(request.Tuning.ModelFaults(request.Method.Section, model))
            .Concat(request.Tuning.NothingToTrain(model) is { } nothing ? [nothing] : []);

    /// <summary>Faults of a task that the model cannot perform.</summary>
    private static IEnumerable<Fault> TaskFaults(TaskSettings task, ModelSummary model)
    {
        if (task.Kind != TaskKind.Generation) yield break;
        if (!model.Generates)
            yield return new("model", $"is an encoder ({model.Family}), which cannot generate text as the task generation requires. Use a "
                + $"decoder: {string.Join(", ", ModelSummary.Decoders)}");
        else if (model.OutputLayer == false)
            yield return new("model", "has no output layer (lm_head.weight), which the task generation requires; it was saved for another "
                + "task. Use the model as published");
        else if (task.TextChoices is [{ Chat: true }] && model.ChatTemplate == false)
            yield return new("model", "has no chat template, which conversations require. Use a chat model (-Instruct, -Chat), add "
                + "chat_template.jinja to its folder, or set task.text.prompt and task.text.target");
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
            else if (read.ClassesOf(task)?.Distinct().Count() == 1)
                faults.Add(new(PathOf(task, "label"), $"{split.File} has only one class; at least two are required"));
            if (data.Splits.All(other => other.Split != SplitSummary.Validation) && read.IsTooFew(task, request.Training.Seed))
                faults.Add(new("dataset", $"{split.File} {ValidationSplit.TooFew}"));
        }
        return faults;
    }

    /// <summary>Faults of text columns that are missing or unreadable. Conversations are checked by the run.</summary>
    private static IEnumerable<Fault> TextFaults(TaskSettings task, SplitSummary split)
    {
        if (task.TextChoices is [{ Chat: true }]) return [];
        var path = task.Text is null ? "task.preset" : "task.text";
        if (TextColumns.Chosen(task.TextChoices, NamesOf(split)) is not { } text) return [new(path,
            $"{split.File} {TextColumns.Wanted(task.TextChoices, NamesOf(split), split.Header, WhyNoHeader(split))}")];
        return [.. split.Columns.Where(column => text.Columns.Contains(column.Name)).Select(column => UnreadableFault(split, column, path,
            "a text")).OfType<Fault>()];
    }

    /// <summary>Faults of required columns that are missing or duplicated.</summary>
    private static IEnumerable<Fault> ColumnFaults(TaskSettings task, SplitSummary split)
    {
        var names = NamesOf(split);
        if (Chosen(task, split) is { } chosen)
            return ColumnChoice.Twice(chosen, names).Select(twice => new Fault(PathOf(task, FieldsOf(chosen).First(field =>
                field.Name == twice).Field), $"{split.File} column {twice} occurs more than once"));
        if (task.Columns is null) return [new("task.preset",
            $"{split.File} {ColumnChoice.Wanted(task.ColumnChoices, names, split.Header, WhyNoHeader(split))}")];
        return FieldsOf(task.Columns).Where(field => !names.Contains(field.Name)).Select(field => new Fault(PathOf(task, field.Field),
            $"{split.File} has no column \"{field.Name}\"; it has ({ColumnChoice.Listed(names)}){Spelling.Hint(field.Name, names)}"
            + ColumnChoice.Otherwise([field.Name], split.Header, WhyNoHeader(split))));
    }

    /// <summary>The fault of a column that cannot be read.</summary>
    private static Fault? UnreadableFault(SplitSummary split, ColumnSummary column, string path, string wanted) =>
        column.Unreadable is { } why ? new(path, $"{split.File} column {column.Name} cannot be read: {why}")
        : column.Type == ColumnType.Other
            ? new(path, $"{split.File} column {column.Name} must be {wanted}; it contains lists, objects, dates or similar values")
        : null;

    private static TaskColumns? Chosen(TaskSettings task, SplitSummary split) => ColumnChoice.Named(task.ColumnChoices, NamesOf(split));

    private static string[] NamesOf(SplitSummary split) => [.. split.Columns.Select(column => column.Name)];

    private static string? WhyNoHeader(SplitSummary split) => split.Header || split.Preview.Count == 0
        ? null : HeaderLine.WhyNot(split.Preview[0], [.. split.Preview.Skip(1)]);

    private static IEnumerable<(string Field, string Name)> FieldsOf(TaskColumns columns) =>
        columns.Second is null
            ? [("first", columns.First), ("label", columns.Label)]
            : [("first", columns.First), ("second", columns.Second), ("label", columns.Label)];

    private static string PathOf(TaskSettings task, string field) => task.Columns is null ? "task.preset" : $"task.columns.{field}";

    /// <summary>A file with the columns that the task reads.</summary>
    private sealed class ReadSplit
    {
        private readonly SplitSummary _split;
        private readonly TaskColumns _columns;

        private ReadSplit(SplitSummary split, TaskColumns columns) => (_split, _columns) = (split, columns);

        public ColumnSummary Label => Column(_columns.Label);

        /// <summary>Null if the file lacks the task's columns.</summary>
        public static ReadSplit? Of(TaskSettings task, SplitSummary split) =>
            Chosen(task, split) is { } columns ? new(split, columns) : null;

        public IEnumerable<Fault> CellFaults(TaskSettings task)
        {
            if (_split.Split == SplitSummary.Test && Label is { Empty: 0, Values: { } hidden }
                && hidden.Keys.All(label => ClassNames.IsHidden(label, task.Labels)))
                yield break; // hidden labels: the run skips the split
            foreach (var (field, name) in FieldsOf(_columns))
            {
                var column = Column(name);
                if (UnreadableFault(_split, column, PathOf(task, field), field == "label" ? "a text or a number" : "a text")
                    is { } unreadable)
                {
                    yield return unreadable;
                    continue;
                }
                if (column.Empty > 0)
                    yield return new(PathOf(task, field), $"{_split.File} {column.FirstEmpty} column {name} is "
                        + $"empty{(column.Empty > 1 ? $"; so are {column.Empty - 1} more {(column.Empty == 2 ? "row" : "rows")}" : "")}");
                if (MistypedAs(column, field == "label") is { } wanted)
                    yield return new(PathOf(task, field), $"{_split.File} column {name} must be {wanted}; it is {Words(column.Type)}");
                else if (field == "label" && LabelFault(task) is { } fault) yield return fault;
            }
        }

        /// <summary>The class of every row; null if unknown or if there are no classes.</summary>
        public int[]? ClassesOf(TaskSettings task)
        {
            if (task is not { Kind: TaskKind.Classification, Labels: { } labels } || Label.Values is not { } values) return null;
            var index = new ClassIndex(labels);
            return values.Keys.All(label => index.Of(label) is not null)
                ? [.. values.SelectMany(value => Enumerable.Repeat(index.Of(value.Key)!.Value, value.Value))] : null;
        }

        /// <summary>Whether no row can be held out. With more rows than possible classes, a tenth always can.</summary>
        public bool IsTooFew(TaskSettings task, long seed)
        {
            if (_split.Rows > ColumnSummary.MostValues) return false;
            if (task.Kind == TaskKind.Regression) return ValidationSplit.TrainingRows(new double[_split.Rows], seed).Length == _split.Rows;
            return ClassesOf(task) is { } classes && ValidationSplit.TrainingRows(classes, seed).Length == _split.Rows;
        }

        private Fault? LabelFault(TaskSettings task)
        {
            if (task.Kind == TaskKind.Regression)
                return Label.FirstNotNumber is { } cell ? new(PathOf(task, "label"),
                    $"{_split.File} {cell.Place} column {_columns.Label} must be {ClassNames.Wanted(null)}; it is \"{cell.Text}\"") : null;
            if (task.Labels is not { } labels || Label.Values is not { } values) return null;
            var index = new ClassIndex(labels);
            string[] unknown = [.. values.Where(value => index.Of(value.Key) is null).Select(value =>
                $"\"{value.Key}\" in {value.Value} {(value.Value == 1 ? "row" : "rows")}")];
            return unknown.Length == 0 ? null
                : new("task.labels", $"{_split.File} column {_columns.Label} must be {ClassNames.Wanted(labels)}; it is "
                + $"{string.Join(", ", unknown.Take(MostUnknownLabels))}{(unknown.Length > MostUnknownLabels ? ", …" : "")}");
        }

        /// <summary>The expected type of a column with another type; null if it is right or the format has no types.</summary>
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
