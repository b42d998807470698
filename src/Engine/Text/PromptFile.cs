using System.Security.Cryptography;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>A prompt and what is to be answered.</summary>
/// <param name="Place">Where it stands: file and row.</param>
/// <param name="Text">The prompt; empty where <paramref name="Conversation"/> is to be laid out.</param>
/// <param name="Target">The answer that is learnt, and the first that is right.</param>
/// <param name="References">Every right answer, the target among them.</param>
/// <param name="Source">Where it comes from; empty where the data does not say.</param>
/// <param name="Conversation">A conversation that ends with the answer; null where there is a prompt.</param>
public sealed record Prompt(string Place, string Text, string Target, IReadOnlyList<string> References, string Source,
    Conversation? Conversation)
{
    /// <summary>A conversation of a data file. Until a chat template has written its answer (<see cref="PromptEncoder.Asked"/>), the
    /// reference is what the message says.</summary>
    public static Prompt Of(string place, Conversation conversation) => new(place, "", conversation.Messages[^1].Shown,
        [conversation.Messages[^1].Shown], "", conversation);

    /// <summary>Each prompt once, with the answers of all rows that have it.</summary>
    public static IReadOnlyList<Prompt> Grouped(IReadOnlyList<Prompt> prompts) =>
        [.. prompts.GroupBy(prompt => prompt.Key).Select(alike => alike.First() with { References = [.. alike.SelectMany(prompt => prompt.References).Distinct()] })];

    /// <summary>What tells prompts apart: those that are alike belong together.</summary>
    internal string Key => Conversation?.Key ?? Text;
}

/// <summary>The prompts of one data file.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Sha256">Of the file's bytes, in lower-case hexadecimal.</param>
/// <param name="Prompts">The rows in file order.</param>
public sealed record PromptFile(string File, string Sha256, IReadOnlyList<Prompt> Prompts)
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="RefusedInputException">With the first twenty faults, each with its row and column.</exception>
    public static PromptFile Read(string path, TaskSettings task)
    {
        var faults = new List<Fault>();
        return TryRead(path, task, faults) ?? throw new RefusedInputException(faults);
    }

    /// <summary>Reads a file of conversations that the assistant is still to answer: as they are to learn from, but for the last
    /// answer.</summary>
    /// <exception cref="RefusedInputException">With the first twenty faults, each with its row.</exception>
    public static IReadOnlyList<Prompt> ReadUnanswered(string path)
    {
        var (name, faults) = (Path.GetFileName(path), new DataFaults(Path.GetFileName(path)));
        var prompts = new List<Prompt>();
        if (TableFile.ReaderOf(path, faults) is { } reader && TableFile.BytesOf(path, faults) is { } bytes)
            prompts = Conversations(name, reader, bytes, faults, answered: false);
        if (prompts.Count == 0 && !faults.Any) faults.Add("has no rows");
        return faults.Any ? throw new RefusedInputException([.. faults.All]) : prompts;
    }

    /// <param name="path">The file.</param>
    /// <param name="task">How its rows become prompts.</param>
    /// <param name="faults">Gets what is wrong with it; then the answer is null.</param>
    internal static PromptFile? TryRead(string path, TaskSettings task, List<Fault> faults)
    {
        var found = new DataFaults(Path.GetFileName(path));
        PromptFile? file = null;
        if (TableFile.ReaderOf(path, found) is { } reader && TableFile.BytesOf(path, found) is { } bytes)
        {
            var name = Path.GetFileName(path);
            var isChat = task.TextChoices is [{ Chat: true }];
            var prompts = isChat ? Conversations(name, reader, bytes, found, answered: true) : Rows(name, reader, bytes, task, found);
            if (prompts.Count == 0 && !found.Any) found.Add("has no rows");
            file = new(name, Convert.ToHexStringLower(SHA256.HashData(bytes)), prompts);
        }
        faults.AddRange(found.All);
        return found.Any ? null : file;
    }

    private static List<Prompt> Rows(string name, ITableReader reader, byte[] bytes, TaskSettings task, DataFaults faults)
    {
        var table = new CellTable();
        reader.ReadAll(bytes, table, faults);
        if (faults.Any || table.Rows == 0) return [];
        if (TextColumns.Chosen(task.TextChoices, table.Columns) is not { } text)
        {
            faults.Add(TextColumns.Wanted(task.TextChoices, table.Columns));
            return [];
        }
        RowTemplate prompt = RowTemplate.Of(text.Prompt!), target = RowTemplate.Of(text.Target!);
        var cells = text.Columns.ToDictionary(column => column, column => table[column]);
        var prompts = new List<Prompt>(table.Rows);
        for (var row = 0; row < table.Rows; row++)
        {
            string Cell(string column) => cells[column][row];
            var place = table.PlaceOf(row);
            var answer = target.Fill(Cell);
            if (prompt.Columns.All(column => string.IsNullOrWhiteSpace(Cell(column)))) faults.Add($"{place} column {string.Join(", ", prompt.Columns)}", "is empty: there is no prompt");
            else if (target.Columns.All(column => string.IsNullOrWhiteSpace(Cell(column)))) faults.Add($"{place} column {string.Join(", ", target.Columns)}", "is empty: there is nothing to answer");
            else prompts.Add(new($"{name} {place}", prompt.Fill(Cell), answer, [answer, .. (text.References ?? []).Select(Cell).Where(reference => reference.Length > 0)], text.Source is null ? "" : Cell(text.Source), null));
        }
        return prompts;
    }

    private static List<Prompt> Conversations(string name, ITableReader reader, byte[] bytes, DataFaults faults, bool answered)
    {
        if (reader is not JsonRows rows)
        {
            faults.Add("must be .jsonl or .json where rows are conversations");
            return [];
        }
        var prompts = new List<Prompt>();
        foreach (var (place, row) in rows.Rows(bytes, faults))
            if (Conversation.Read(row, place, faults, answered) is { } conversation)
                prompts.Add(Prompt.Of($"{name} {place}", answered ? conversation : conversation.Unanswered()));
        return prompts;
    }
}
