using System.ComponentModel.DataAnnotations;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>How this host reaches the Hugging Face Hub or a compatible mirror.</summary>
public sealed class HubOptions
{
    /// <summary>The hub's URL; default <c>https://huggingface.co</c>. A mirror may be under a path.</summary>
    [Required, Url]
    public string Endpoint { get; set; } = "https://huggingface.co";

    /// <summary>The hub's access token; default none, which allows public repositories. Sent only to the endpoint.</summary>
    public string? Token { get; set; }

    /// <summary>Attempts per request before the hub counts as unreachable; default 5. Progress of a transfer resets the count.</summary>
    [Range(1, 20)]
    public int Attempts { get; set; } = 5;

    /// <summary>Delay before the second attempt, doubled for each further one; default one second.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Maximum delay between attempts, even if the hub requests more; default five minutes, the window of its rate limits.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Maximum time without data, before and during a response; default one minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Reads <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c>, like the hub's own tools.</summary>
    /// <exception cref="RefusedInputException">HF_ENDPOINT is not a URL.</exception>
    public static HubOptions FromEnvironment()
    {
        var options = new HubOptions { Token = Given("HF_TOKEN") };
        if (Given("HF_ENDPOINT") is not { } endpoint) return options;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")) throw new RefusedInputException("HF_ENDPOINT", $"must be a URL such as {options.Endpoint}; got \"{endpoint}\"");
        options.Endpoint = endpoint;
        return options;
    }

    /// <summary>The value of a variable; null if it is unset or empty.</summary>
    private static string? Given(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
