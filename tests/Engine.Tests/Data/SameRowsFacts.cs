using System.Globalization;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>The same rows as DuckDB, pandas and <c>datasets</c> write them are the same columns, the same examples and the same
/// training.</summary>
public sealed class SameRowsFacts : IDisposable
{
    private const int Count = 40;

    private static readonly string[] Texts = [.. Enumerable.Range(0, Count)
        .Select(i => i % 5 == 0 ? $"the \"film\", day {i},\nwas fine" : $"the soup of day {i} was {(i % 2 == 0 ? "lovely" : "cold ü")}")];

    private static readonly TaskSettings ByNumber =
        new() { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new("text", null, "label") };

    private static readonly TaskSettings ByFlag = ByNumber with { Columns = new("text", null, "good") };

    private static readonly TaskSettings Regression =
        ByNumber with { Kind = TaskKind.Regression, Metric = Metric.Pearson, Columns = new("text", null, "score") };

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void They_have_the_same_schema_and_the_same_examples()
    {
        var files = DuckDbFiles().Concat(PandasFiles()).Concat(DatasetsFiles()).ToArray();
        var first = DatasetInspection.Read(new(files[0])).Splits[0];
        Assert.Equal([("text", ColumnType.Text), ("label", ColumnType.Whole), ("good", ColumnType.Boolean), ("score", ColumnType.Number),
            ("note", ColumnType.Text)], first.Columns.Select(column => (column.Name, column.Type)));
        foreach (var file in files)
        {
            var split = DatasetInspection.Read(new(file)).Splits[0];
            var used = split.Columns.Where(column => !split.NotUsed.Contains(column.Name)).ToArray();
            Assert.Equal(first.Columns.Select(Shown), used.Select(Shown));
            Assert.Equal((true, Count), (split.Header, split.Rows));
            foreach (var task in (TaskSettings[])[ByNumber, ByFlag, Regression])
            {
                Dataset expected = Dataset.Read(files[0], task), read = Dataset.Read(file, task);
                Assert.Equal(expected.Labels, read.Labels);
                Assert.Equal(expected.Examples, read.Examples);
            }
        }

        static string Shown(ColumnSummary column) =>
            $"{column.Name} {column.Type} {column.Empty} " + $"{column.Longest - (column.Type == ColumnType.Text ? 0 : column.Longest)} "
                + $"{(column.Values is { } values ? string.Join(' ', values) : "")}";
    }

    [Fact]
    public void They_train_the_same_adapter()
    {
        using var task = new TinyTask();
        var rows = File.ReadAllLines(task.Files.Train).Skip(1).Select(line => line.Split('\t'))
            .Select(row => (row[0], Label: row[1] == "good")).ToArray();
        var files = new[]
        {
            _folder.File("int.csv", "text,mood\n" + string.Concat(rows.Select(row => $"{row.Item1},{(row.Label ? 1 : 0)}\n"))),
            _folder.File("float.csv", ",text,mood\n"
            + string.Concat(rows.Select((row, i) => $"{i},{row.Item1},{(row.Label ? "1.0" : "0.0")}\n"))),
            ArrowFiles.Write(_folder.At("d.parquet"), null, ("text", ArrowFiles.LargeTexts(rows.Select(row => row.Item1))),
            ("mood", ArrowFiles.Longs(rows.Select(row => row.Label ? 1L : 0))),
            ("__index_level_0__", ArrowFiles.Longs(rows.Select((_, i) => (long)i)))),
            _folder.File("d.jsonl",
            string.Concat(rows.Select(row => new JsonObject { ["text"] = row.Item1, ["mood"] = row.Label ? 1 : 0, ["note"] = null,
            ["meta"] = new JsonObject() }.ToJsonString() + "\n"))),
        };
        var adapters = files.Select((file, i) =>
        {
            var request = task.Request(json =>
            {
                json["method"] = "lora";
                json.Remove("importance");
                json.Remove("sharing");
            });
            task.Run(request, task.Out($"out{i}"), inputs: task.Inputs(request) with { Data = new(file, file) });
            return Convert.ToHexString(File.ReadAllBytes(Path.Combine(task.Out($"out{i}"), "adapter", PeftAdapter.WeightsFile)));
        }).ToArray();
        Assert.Single(adapters.Distinct());
    }

    /// <summary>DuckDB adds fields that are null, and writes objects on a line each under .json.</summary>
    [Fact]
    public void Conversations_from_DuckDB_are_the_conversations_they_were()
    {
        var source = _folder.File("chat.jsonl", """
            {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi", "weight": 1}]}
            {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}

            """);
        using var duckdb = new DuckDBConnection("DataSource=:memory:");
        duckdb.Open();
        foreach (var (name, options) in ((string, string)[])[("out.jsonl", "FORMAT json"), ("out.json", "FORMAT json"),
            ("list.json", "FORMAT json, ARRAY true"), ("out.parquet", "FORMAT parquet")])
        {
            Do(duckdb, $"COPY (SELECT * FROM read_json('{source}')) TO '{_folder.At(name)}' ({options})");
            var prompts = PromptFile.Read(_folder.At(name), TaskPreset.Find(TaskPreset.Chat)!.Task).Prompts;
            Assert.Equal(["Hi", "4"], prompts.Select(prompt => prompt.Target));
            Assert.Equal([("user", "Hello"), ("assistant", "Hi")],
                prompts[0].Conversation!.Messages.Select(message => (message.Role, message.Content)));
            Assert.Equal(2, DatasetInspection.Read(new(_folder.At(name))).Splits[0].Rows);
        }
    }

    /// <summary>DuckDB takes a column for JSON where its values differ in type, whole or within structs and lists.</summary>
    [Fact]
    public void Rows_of_mixed_types_are_the_same_objects_in_Parquet_as_in_JSON_lines()
    {
        var source = _folder.File("mixed.jsonl", """
            {"text": "a \"quoted\" one", "meta": {"id": 1, "score": "high"}, "tags": ["x", {"deep": "\u00fc"}], "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]}]}
            {"text": 7, "meta": {"id": 2, "score": 0.5}, "tags": ["y", 3], "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}

            """);
        using var duckdb = new DuckDBConnection("DataSource=:memory:");
        duckdb.Open();
        foreach (var columns in (string[])["*", "messages, meta", "messages, tags, text AS note"])
        {
            var parquet = _folder.At("mixed.parquet");
            File.Delete(parquet);
            Do(duckdb, $"COPY (SELECT {columns} FROM read_json('{source}')) TO '{parquet}' (FORMAT parquet)");
            Do(duckdb, $"COPY (SELECT {columns} FROM read_json('{source}')) TO '{_folder.At("same.jsonl")}' (FORMAT json)");
            Assert.Equal(Objects(_folder.At("same.jsonl")), Objects(parquet));
            if (columns == "*") continue;   // a text beside the messages: no conversation
            var prompts = PromptFile.Read(parquet, TaskPreset.Find(TaskPreset.Chat)!.Task).Prompts;
            Assert.Equal([("Hi", "Yes"), ("2+2?", "4")],
                prompts.Select(prompt => (prompt.Conversation!.Messages[0].Content, prompt.Target)));
        }

        static string[] Objects(string path)
        {
            var faults = new DataFaults(path);
            using var file = TableFile.Open(path, faults)!;
            string[] rows = [.. file.ReadObjects().Select(row => JsonNode.Parse(row.Row.GetRawText())!.ToJsonString())];
            Assert.False(faults.Any);
            return rows;
        }
    }

    private IEnumerable<string> DuckDbFiles()
    {
        using var duckdb = new DuckDBConnection("DataSource=:memory:");
        duckdb.Open();
        Do(duckdb, "CREATE TABLE rows (text VARCHAR, label INTEGER, good BOOLEAN, score DOUBLE, note VARCHAR)");
        using (var appender = duckdb.CreateAppender("rows"))
            for (var i = 0; i < Count; i++)
                appender.CreateRow().AppendValue(Texts[i]).AppendValue((int?)(i % 3)).AppendValue((bool?)(i % 2 == 0))
                    .AppendValue((double?)(i / 8.0)).AppendValue(Note(i)).EndRow();
        foreach (var (name, options) in ((string, string)[])
            [("duck.csv", "FORMAT csv"), ("duck.csv.gz", "FORMAT csv, COMPRESSION gzip"), ("duck.json", "FORMAT json"),
            ("duck.jsonl", "FORMAT json"), ("list.json", "FORMAT json, ARRAY true"), ("duck.parquet", "FORMAT parquet"),
             ("v2.parquet", "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd")])
        {
            Do(duckdb, $"COPY rows TO '{_folder.At(name)}' ({options})");
            yield return _folder.At(name);
        }
    }

    /// <summary>With its index and True/False; floats where a label was missing once; NaN for what is missing.</summary>
    private IEnumerable<string> PandasFiles()
    {
        static string Quoted(string text) => text.IndexOfAny([',', '"', '\n']) < 0 ? text : $"\"{text.Replace("\"", "\"\"")}\"";
        yield return _folder.File("pandas.csv", ",text,label,good,score,note\n"
            + string.Concat(Enumerable.Range(0, Count)
            .Select(i => string.Create(CultureInfo.InvariantCulture,
            $"{i},{Quoted(Texts[i])},{i % 3}.0,{(i % 2 == 0 ? "True" : "False")},{i / 8.0:0.0##},{Note(i)}\n"))));
        yield return ArrowFiles.Write(_folder.At("pandas.parquet"),
            new Dictionary<string, string> { ["pandas"] = """{"index_columns": ["__index_level_0__"], "columns": []}""" },
            ("text", ArrowFiles.Texts(Texts)), ("label", ArrowFiles.Doubles(Enumerable.Range(0, Count).Select(i => (double)(i % 3)))),
            ("good", ArrowFiles.Flags(Enumerable.Range(0, Count).Select(i => i % 2 == 0))),
            ("score", ArrowFiles.Doubles(Enumerable.Range(0, Count).Select(i => i / 8.0))),
            ("note", ArrowFiles.Texts(Enumerable.Range(0, Count).Select(Note))),
            ("__index_level_0__", ArrowFiles.Longs(Enumerable.Range(0, Count).Select(i => (long)i))));
    }

    /// <summary>JSON lines with escaped slashes, and large texts with the features beside the schema.</summary>
    private IEnumerable<string> DatasetsFiles()
    {
        yield return _folder.File("datasets.jsonl", string.Concat(Enumerable.Range(0, Count).Select(i =>
            new JsonObject { ["text"] = Texts[i], ["label"] = i % 3, ["good"] = i % 2 == 0, ["score"] = i / 8.0,
                ["note"] = Note(i) }.ToJsonString().Replace("/", "\\/") + "\n")));
        yield return ArrowFiles.Write(_folder.At("datasets.parquet"),
            new Dictionary<string, string> { ["huggingface"] = """{"info": {"features": {"label": {"names": ["a", "b", "c"], "_type": "ClassLabel"}}}}""" },
            ("text", ArrowFiles.LargeTexts(Texts)), ("label", ArrowFiles.Longs(Enumerable.Range(0, Count).Select(i => i % 3L))),
            ("good", ArrowFiles.Flags(Enumerable.Range(0, Count).Select(i => i % 2 == 0))),
            ("score", ArrowFiles.Doubles(Enumerable.Range(0, Count).Select(i => i / 8.0))),
            ("note", ArrowFiles.Texts(Enumerable.Range(0, Count).Select(Note))));
    }

    private static string? Note(int i) => i % 4 == 0 ? "seen" : null;

    private static void Do(DuckDBConnection duckdb, string sql)
    {
        using var command = duckdb.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
