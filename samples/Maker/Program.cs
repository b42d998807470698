using System.CommandLine;
using LoraDrop.Maker;

var seed = new Option<long>("--seed") { DefaultValueFactory = _ => 1, Description = "The same seed writes the same bytes." };
return new RootCommand("Makes the English sample: its tasks, its text and its model.") { Text(), Pretrain() }.Parse(args).Invoke();

Command Text()
{
    var output = new Option<DirectoryInfo>("--out") { Required = true,
        Description = "The folder of the sample; rows go to data/<task>/{train,dev}.tsv under it." };
    var corpus = new Option<FileInfo>("--corpus") { Description = "Where to write the pre-training text; without it, none is written." };
    var words = new Option<int>("--words") { DefaultValueFactory = _ => 3_000_000, Description = "How many words of pre-training text." };
    var command = new Command("text", "Write the tasks of the English sample, and the text to pre-train a model on.") { output, corpus,
        words, seed };
    command.SetAction(parsed =>
    {
        var tasks = SampleTask.All.Select(task => Rows.Of(task, parsed.GetValue(seed))).ToList();
        foreach (var rows in tasks)
        {
            var folder = parsed.GetRequiredValue(output).CreateSubdirectory($"data/{rows.Task.Name}").FullName;
            File.WriteAllText(Path.Combine(folder, "train.tsv"), rows.Tsv(rows.Train));
            File.WriteAllText(Path.Combine(folder, "dev.tsv"), rows.Tsv(rows.Dev));
        }
        if (parsed.GetValue(corpus) is { } file)
            File.WriteAllText(file.FullName,
                string.Concat(PretrainingText.Lines(parsed.GetValue(seed), parsed.GetValue(words), tasks).Select(line => line + '\n')));
    });
    return command;
}

Command Pretrain()
{
    var corpus = new Option<FileInfo>("--corpus") { Required = true, Description = "The text, as the text command writes it." };
    var output = new Option<DirectoryInfo>("--out") { Required = true, Description = "The folder of the model; files in it are replaced." };
    var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 3800, Description = "Optimiser steps." };
    var command = new Command("pretrain", "Train the small model of the English sample to find hidden words.") { corpus, output, steps,
        seed };
    command.SetAction(parsed =>
    {
        TorchNative.EnsureLoaded();
        var schedule = new Schedule(parsed.GetValue(steps), Lines: 64, Rate: 1.5e-3, parsed.GetValue(seed));
        var heldOut = Pretraining.Run(File.ReadAllLines(parsed.GetRequiredValue(corpus).FullName), vocabulary: 1200, Pretraining.Small,
            schedule,
            parsed.GetRequiredValue(output).FullName, Console.WriteLine);
        Console.WriteLine($"as stored; held out: {heldOut}");
    });
    return command;
}
