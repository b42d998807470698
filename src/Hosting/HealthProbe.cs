using LoraDrop.Domain;

namespace LoraDrop.Hosting;

/// <summary>Asks a host for its health from outside its process: for images that hold no other program that could.</summary>
public static class HealthProbe
{
    /// <summary>The host answers that it is not well, or does not answer.</summary>
    public const int Unwell = 1;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Gets an address such as <c>http://127.0.0.1:5080/health/ready</c>, says what is wrong on standard error, and returns an exit code: 0 where it is answered with a success within 5 s.</summary>
    /// <param name="address">An absolute address; proxies of the environment are not asked.</param>
    public static async Task<int> RunAsync(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            await Console.Error.WriteLineAsync(new Fault("health", $"takes an address such as http://127.0.0.1:5080/health/ready; got \"{address}\"").ToString());
            return HostProgram.Refused;
        }
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Limit };
        try
        {
            using var answer = await http.GetAsync(uri);
            if (answer.IsSuccessStatusCode) return HostProgram.Done;
            await Console.Error.WriteLineAsync($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
        catch (HttpRequestException unreachable)
        {
            await Console.Error.WriteLineAsync(unreachable.Message);
        }
        catch (TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"{uri} does not answer within {Limit.TotalSeconds:0} s");
        }
        return Unwell;
    }
}
