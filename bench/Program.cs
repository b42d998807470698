using System.Globalization;
using LoraDrop.Bench;
using static TorchSharp.torch;

TorchNative.EnsureLoaded();
set_num_threads(2);
var measures = new Dictionary<string, (string What, Action Run)>
{
    ["step"] = ("a training step of roberta-base size against the machine's matrix products, and its peak memory", TrainingStep.Measure),
    ["importance"] = ("the importance pass against a bare forward pass", ImportanceCost.Measure),
    ["batches"] = ("real tokens per second: batches by length against random batches", BatchCost.Measure),
    ["flat"] = ("resident memory over 2,000 steps", FlatMemory.Measure),
    ["decoders"] = ("tokens per second of a decoder, training and answering, against the operations of transformers and PEFT",
    DecoderCost.Measure),
    ["inspection"] = ("how fast JSON lines are validated, plain and packed, against the disk and gunzip, and the memory "
    + "that it takes; the size in MB may follow, 1000 without",
        () => InspectionCost.Measure(args is [_, var megabytes] ? int.Parse(megabytes, CultureInfo.InvariantCulture) : 1000)),
    ["dropout"] = ("dropout with masks that are computed again, against torch's", DropoutCost.Measure),
    ["tokenizers"] = ("processor time of our tokenizer against Hugging Face's own library, on 60,000 sentences, for every kind",
        TokenizerCost.Measure),
};
if (args.Length is 1 or 2 && measures.TryGetValue(args[0], out var measure))
{
    measure.Run();
    return 0;
}
foreach (var (key, (what, _)) in measures) Console.WriteLine($"{key,-12}{what}");
return 2;
