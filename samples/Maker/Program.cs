using System.CommandLine;
using LoraDrop.Maker;

var output = new Option<DirectoryInfo>("--out") { Required = true, Description = "The folder of the sample; rows go to data/<task>/{train,dev}.tsv under it." };
var corpus = new Option<FileInfo>("--corpus") { Description = "Where to write the pre-training text; without it, none is written." };
var words = new Option<int>("--words") { DefaultValueFactory = _ => 2_000_000, Description = "How many words of pre-training text." };
var seed = new Option<long>("--seed") { DefaultValueFactory = _ => 1, Description = "The same seed writes the same bytes." };

var text = new Command("text", "Write the tasks of the English sample, and the text to pre-train a model on.") { output, corpus, words, seed };
text.SetAction(parsed =>
{
    var tasks = SampleTask.All.Select(task => Rows.Of(task, parsed.GetValue(seed))).ToList();
    foreach (var rows in tasks)
    {
        var folder = parsed.GetRequiredValue(output).CreateSubdirectory($"data/{rows.Task.Name}").FullName;
        File.WriteAllText(Path.Combine(folder, "train.tsv"), rows.Tsv(rows.Train));
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), rows.Tsv(rows.Dev));
    }
    if (parsed.GetValue(corpus) is { } file)
        File.WriteAllText(file.FullName, string.Concat(PretrainingText.Lines(parsed.GetValue(seed), parsed.GetValue(words), tasks).Select(line => line + '\n')));
});

return new RootCommand("Makes the English sample: its tasks and its text.") { text }.Parse(args).Invoke();
