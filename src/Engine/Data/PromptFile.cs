using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>A prompt and its expected answer.</summary>
/// <param name="Place">Its file and row.</param>
/// <param name="Text">The prompt; empty if <paramref name="Conversation"/> is rendered instead.</param>
/// <param name="Target">The answer to train on, and the first correct one.</param>
/// <param name="References">All correct answers, including the target.</param>
/// <param name="Source">Its source; empty if the data names none.</param>
/// <param name="Conversation">A conversation that ends with the answer, or null if there is a prompt.</param>
public sealed record Prompt(string Place, string Text, string Target, IReadOnlyList<string> References, string Source,
    Conversation? Conversation)
{
    /// <summary>A conversation of a data file. Until a chat template renders its answer (<see cref="PromptEncoder.Asked"/>), the reference
    /// is the message's text.</summary>
    public static Prompt Of(string place, Conversation conversation) => new(place, "", conversation.Messages[^1].Shown,
        [conversation.Messages[^1].Shown], "", conversation);

    /// <summary>Each prompt once, with the answers of all its rows.</summary>
    public static IReadOnlyList<Prompt> Grouped(IReadOnlyList<Prompt> prompts) =>
        [.. prompts.GroupBy(prompt => prompt.Key)
            .Select(alike => alike.First() with { References = [.. alike.SelectMany(prompt => prompt.References).Distinct()] })];

    /// <summary>The key of a prompt: rows with the same key belong together.</summary>
    internal string Key => Conversation?.Key ?? Text;
}

/// <summary>The prompts of one data file.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Sha256">SHA-256 of the file, in lower-case hexadecimal.</param>
/// <param name="Prompts">The rows, in file order.</param>
public sealed record PromptFile(string File, string Sha256, IReadOnlyList<Prompt> Prompts)
{
    /// <summary>Remarks on how the file was read.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>The columns of the file that the task does not use.</summary>
    internal IReadOnlyList<string> NotUsed { get; init; } = [];

    /// <summary>The remarks, plus one on unused columns.</summary>
    public IEnumerable<string> AllRemarks => [.. Remarks, .. DataRemarks.NotUsed([(File, NotUsed)])];

    /// <summary>Reads a file.</summary>
    /// <exception cref="RefusedInputException">With the first twenty faults, each with its row and column.</exception>
    public static PromptFile Read(string path, TaskSettings task)
    {
        var faults = new List<Fault>();
        return TryRead(path, task, faults) ?? throw new RefusedInputException(faults);
    }

    /// <summary>Reads a file of conversations that the assistant has yet to answer: as for training, but without the last answer.</summary>
    /// <exception cref="RefusedInputException">With the first twenty faults, each with its row.</exception>
    public static PromptFile ReadUnanswered(string path)
    {
        var faults = new List<Fault>();
        return DataFaults.Collect(path, faults, found => Unanswered(path, found)) ?? throw new RefusedInputException(faults);
    }

    private static PromptFile? Unanswered(string path, DataFaults faults)
    {
        using var file = TableFile.Open(path, faults);
        return file is null ? null : Conversations(file, faults, answered: false);
    }

    /// <param name="path">The file.</param>
    /// <param name="task">How its rows become prompts.</param>
    /// <param name="faults">Receives its faults; the result is then null.</param>
    internal static PromptFile? TryRead(string path, TaskSettings task, List<Fault> faults) =>
        DataFaults.Collect(path, faults, found => Read(path, task, found));

    private static PromptFile? Read(string path, TaskSettings task, DataFaults faults)
    {
        using var file = TableFile.Open(path, faults);
        if (file is null) return null;
        return task.TextChoices is [{ Chat: true }] ? Conversations(file, faults, answered: true) : Rows(file, task, faults);
    }

    private static PromptFile? Rows(TableFile file, TaskSettings task, DataFaults faults)
    {
        var table = new CellTable([.. task.TextChoices.SelectMany(choice => choice.Columns)]);
        file.ReadCells(table, ConversationCells.AsAny);
        if (faults.Any) return null;
        if (TextColumns.Chosen(task.TextChoices, table.Columns) is not { } text)
        {
            faults.Add(TextColumns.Wanted(task.TextChoices, table.Columns, file.Header, file.WhyNoHeader));
            return null;
        }
        foreach (var column in text.Columns)
            if (table.RefusalOf(column) is { } why) faults.Add($"column {column}", $"cannot be read: {why}");
        if (faults.Any) return null;
        RowTemplate prompt = RowTemplate.Of(text.Prompt!), target = RowTemplate.Of(text.Target!);
        var prompts = new List<Prompt>(table.Rows);
        for (var row = 0; row < table.Rows; row++)
        {
            string Cell(string column) => table[column, row];
            var place = table.PlaceOf(row);
            var broken = text.Columns.Select(column => (Column: column, Fault: table.FaultOf(column, row, numbers: true))).Where(cell =>
                cell.Fault is not null).ToArray();
            foreach (var (column, fault) in broken) faults.Add($"{place} column {column}", fault!);
            if (broken.Length > 0) continue;
            var answer = target.Fill(Cell);
            if (prompt.Columns.All(column => string.IsNullOrWhiteSpace(Cell(column))))
                faults.Add($"{place} column {string.Join(", ", prompt.Columns)}", "is empty: there is no prompt");
            else if (target.Columns.All(column => string.IsNullOrWhiteSpace(Cell(column))))
                faults.Add($"{place} column {string.Join(", ", target.Columns)}", "is empty: there is nothing to answer");
            else prompts.Add(new($"{file.Name} {place}", prompt.Fill(Cell), answer, [answer, .. (text.References ?? []).Select(Cell)
                .Where(reference => reference.Length > 0)], text.Source is null ? "" : Cell(text.Source), null));
        }
        return new(file.Name, file.Sha256, prompts) { Remarks = [.. file.Remarks.Select(remark => $"{file.Name}: {remark}.")], NotUsed =
            [.. table.Columns.Except(text.Columns)] };
    }

    private static PromptFile Conversations(TableFile file, DataFaults faults, bool answered)
    {
        var prompts = new List<Prompt>();
        foreach (var (place, row) in file.ReadObjects())
            if (Conversation.Read(row, place, faults, answered) is { } conversation)
                prompts.Add(Prompt.Of($"{file.Name} {place}", answered ? conversation : conversation.Unanswered()));
        return new(file.Name, file.Sha256, prompts) { Remarks = [.. file.Remarks.Select(remark => $"{file.Name}: {remark}.")] };
    }
}
