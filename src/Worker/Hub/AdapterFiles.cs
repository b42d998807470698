using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>Selects the files of a published adapter to fetch: its configuration, its safetensors, and what LoRA-drop adds.</summary>
internal static class AdapterFiles
{
    /// <summary>All that an adapter's folder of this program holds for continuing.</summary>
    public static readonly string[] All = [PeftAdapter.ConfigFile, PeftAdapter.WeightsFile, AdapterTask.FileName];

    /// <summary>The names of an adapter's files.</summary>
    /// <exception cref="RefusedInputException">It is no adapter in PEFT's format, or only a pickle.</exception>
    public static IReadOnlyList<string> Choose(PublishedFiles published)
    {
        if (!published.Files.Contains(PeftAdapter.ConfigFile))
            throw published.Refused($"{published.Name} has no {PeftAdapter.ConfigFile}, so it is no adapter in PEFT's format");
        if (!published.Files.Contains(PeftAdapter.WeightsFile))
            throw published.Refused($"{published.Name} has no {PeftAdapter.WeightsFile}. Adapters are read from safetensors only, never "
                + "from a pickle (adapter_model.bin), which can run code when loaded");
        return [.. All.Where(published.Files.Contains)];
    }
}
