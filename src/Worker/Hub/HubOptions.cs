using System.ComponentModel.DataAnnotations;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>How this host reaches the Hugging Face hub, or a mirror that speaks its interface.</summary>
public sealed class HubOptions
{
    /// <summary>Where the hub is; default <c>https://huggingface.co</c>. A mirror may stand under a path of its host.</summary>
    [Required, Url]
    public string Endpoint { get; set; } = "https://huggingface.co";

    /// <summary>What the hub knows this host by; none by default, which reads public repositories. Sent to the endpoint alone.</summary>
    public string? Token { get; set; }

    /// <summary>How often one request is tried before the hub counts as unreachable; default 5. A transfer that moved starts counting anew.</summary>
    [Range(1, 20)]
    public int Attempts { get; set; } = 5;

    /// <summary>The wait before the second attempt, doubled before each further one; default one second.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two attempts, also when the hub asks for more; default five minutes, the window of its rate limits.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the other side may say nothing, at the start of an answer and within it; default one minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>As the hub's own tools are told: <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c>.</summary>
    /// <exception cref="RefusedInputException">HF_ENDPOINT is no address.</exception>
    public static HubOptions FromEnvironment()
    {
        var options = new HubOptions { Token = Given("HF_TOKEN") };
        if (Given("HF_ENDPOINT") is not { } endpoint) return options;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")) throw new RefusedInputException("HF_ENDPOINT", $"must be an address such as {options.Endpoint}; it is \"{endpoint}\"");
        options.Endpoint = endpoint;
        return options;
    }

    /// <summary>A variable that is set to nothing is not set.</summary>
    private static string? Given(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
