using System.Net;
using LoraDrop.Domain;

namespace LoraDrop.Cli.Tests;

public sealed class UnreachableFacts
{
    private const string Nobody = "http://127.0.0.1:9";

    [Theory]
    [InlineData("jobs", "list")]
    [InlineData("jobs", "watch", "01a20bda-deb8-7e2c-9e50-3fa41efd2c83")]
    [InlineData("models", "list")]
    [InlineData("workers")]
    public void Where_nobody_answers_a_person_learns_how_to_start_a_service(params string[] command) =>
        Loradrop.Run([.. command, "--json", "--url", Nobody])
            .Complained(ExitCode.Unreachable, $"service: nothing answers at {Nobody}; start one with: loradrop serve");

    [Theory]
    [InlineData("localhost:5080", "--url", "must be the address of a service")]
    [InlineData("ftp://localhost", "--url", "must be the address of a service")]
    public void What_is_no_address_is_refused(string url, params string[] about) =>
    Loradrop.Run("jobs", "list", "--json", "--url", url).Complained(ExitCode.Usage, about);

    [Fact]
    public void What_is_no_id_is_refused()
    {
        var ended = Loradrop.Run("jobs", "get", "first", "--url", Nobody);
        Assert.Equal(ExitCode.Usage, ended.Code);
        Assert.Contains("'first' is not a job id", ended.Error);
    }

    [Fact]
    public void The_option_counts_more_than_the_environment()
    {
        Assert.Equal("http://a:1/", ServiceAddress.Of("http://a:1", "http://b:2").AbsoluteUri);
        Assert.Equal("http://b:2/below/", ServiceAddress.Of(null, "http://b:2/below").AbsoluteUri);
        Assert.Equal("http://127.0.0.1:5080/", ServiceAddress.Of(null, "").AbsoluteUri);
        Assert.Contains(ServiceAddress.Variable, Assert.Throws<RefusedInputException>(() => ServiceAddress.Of(null, "b")).Message);
    }

    [Fact]
    public async Task Another_web_server_is_told_from_a_service()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var other = new HttpListener();
        other.Prefixes.Add("http://127.0.0.1:5098/");
        other.Start();
        var answers = AnswerAsync(other, "<html>", 200, 404);
        using var service = new ServiceClient(new("http://127.0.0.1:5098/"));
        Assert.Contains("is it a LoRA-drop service?",
            (await Assert.ThrowsAsync<ServiceProblemException>(() => service.ReadyAsync(cancel))).Message);
        var missing = await Assert.ThrowsAsync<ServiceProblemException>(() => service.ReadyAsync(cancel));
        Assert.Equal((404, ServiceProblemException.NotUnderstood), (missing.Status, missing.Code));
        await answers;
    }

    private static async Task AnswerAsync(HttpListener listener, string text, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            var asked = await listener.GetContextAsync();
            (asked.Response.StatusCode, asked.Response.ContentType) = (status, "text/html");
            await using var body = new StreamWriter(asked.Response.OutputStream);
            await body.WriteAsync(text);
        }
    }
}
