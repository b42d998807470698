using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>How this host reaches the Hugging Face Hub or a compatible mirror.</summary>
public sealed record HubOptions
{
    /// <summary>The hub's URL; default <c>https://huggingface.co</c>. A mirror may be under a path.</summary>
    public string Endpoint { get; init; } = "https://huggingface.co";

    /// <summary>The hub's access token; default none, which allows public repositories. Sent only to the endpoint.</summary>
    public string? Token { get; init; }

    /// <summary>Attempts per request before the hub counts as unreachable; default 5. Progress of a transfer resets the count.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Delay before the second attempt, doubled for each further one; default one second.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Maximum delay between attempts, even if the hub requests more; default five minutes, the window of its rate
    /// limits.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Maximum time without data, before and during a response; default one minute.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Without its values: one is a secret.</summary>
    public override string ToString() => nameof(HubOptions);

    /// <summary>Reads <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c>, like the hub's own tools.</summary>
    /// <exception cref="RefusedInputException">HF_ENDPOINT is not a URL.</exception>
    public static HubOptions FromEnvironment()
    {
        var options = new HubOptions { Token = Given("HF_TOKEN") };
        if (Given("HF_ENDPOINT") is not { } endpoint) return options;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new RefusedInputException("HF_ENDPOINT", $"must be a URL such as {options.Endpoint}; got \"{endpoint}\"");
        return options with { Endpoint = endpoint };
    }

    /// <summary>The value of a variable; null if it is unset or empty.</summary>
    private static string? Given(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
