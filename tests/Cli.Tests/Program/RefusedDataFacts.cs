using System.Text;

namespace LoraDrop.Cli.Tests;

public sealed class RefusedDataFacts(TinyRun run) : IClassFixture<TinyRun>
{
    private void Refused(string data, params string[] about)
    {
        var folder = run.New();
        Loradrop.Run(run.Command("train", folder, "--data", data, "--validation", run.Validation)).Complained(ExitCode.Usage, about);
        Assert.False(Path.Exists(folder), "left a folder behind");
    }

    [Theory]
    [InlineData("train.tsv", "text\tfeeling\nthe film was good\tgood\n", "train.tsv: must have the columns (text, mood)",
        "it has (text, feeling)")]
    [InlineData("train.tsv", "text\tmood\nthe film was good\tgood\nthe day was cold\tgood\n", "train.tsv",
        "must have at least two classes; got 1")]
    [InlineData("train.tsv", "text\tmood\nthe film was good\tgood\n \tbad\nthe day was cold\t\n",
        "train.tsv row 2 (line 3) column text: is empty", "train.tsv row 3 (line 4) column mood: is empty")]
    [InlineData("train.tsv", "text\tmood\nthe film\twas good\tgood\n", "train.tsv row 1 (line 2)")]
    [InlineData("train.tsv", "text\tmood\n", "train.tsv: has no rows")]
    [InlineData("train.jsonl", "", "train.jsonl: has no rows")]
    [InlineData("train.csv", "text,mood\n\"the film,good\n", "train.csv", "quote that is never closed")]
    [InlineData("train.jsonl", "{\"text\": \"a\", \"mood\": \"good\"}\n{\"text\": 7, \"mood\": \"bad\"}\n[]\n{\"text\": \"b\"}\n{\"text\n",
        "train.jsonl row 2 (line 2) column text: must be a text; it is a number",
        "train.jsonl row 3 (line 3): must be a JSON object", "train.jsonl row 4 (line 4) column mood: is empty",
        "train.jsonl row 5 (line 5): is not JSON")]
    [InlineData("train.doc", "text\tmood\n", "train.doc: must end in .jsonl, .json, .csv, .tsv, .txt, .parquet")]
    [InlineData("train.parquet", "PAR1 but no more", "train.parquet")]
    public void A_file_that_cannot_be_learnt_from_names_row_and_column(string name, string text, params string[] about) =>
    Refused(run.Written(name, text), about);

    [Fact]
    public void A_label_that_training_does_not_know_is_named_in_the_other_split()
    {
        var folder = run.New();
        Loradrop.Run(run.Command("train", folder, "--test", run.Written("test.tsv", "text\tmood\nthe film\tsplendid\n")))
            .Complained(ExitCode.Usage,
            "test.tsv row 1 (line 2) column mood: must be one of bad, good", "it is \"splendid\"");
        Assert.False(Path.Exists(folder));
    }

    [Fact]
    public void A_wrong_byte_is_named_with_its_place()
    {
        var file = run.Written("train.tsv", "");
        File.WriteAllBytes(file, [.. Encoding.UTF8.GetBytes("text\tmood\nthe film\tgood\nthe "), 0xFF,
            .. Encoding.UTF8.GetBytes(" day\tbad\n")]);
        Refused(file, "train.tsv line 3: is not UTF-8: byte 0xFF at offset 28");
    }

    [Fact]
    public void Data_that_is_not_there_is_refused()
    {
        Refused(run.At("nowhere.tsv"), "nowhere.tsv: cannot be read");
        Refused(run.Model, run.Model, "has no train.jsonl");
    }
}
