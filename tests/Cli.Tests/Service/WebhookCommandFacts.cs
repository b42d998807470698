using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoraDrop.Cli.Tests;

public sealed class WebhookCommandFacts(RunningService service) : IClassFixture<RunningService>
{
    [Fact]
    public void One_is_added_looked_at_changed_and_deleted()
    {
        var added = Assert.Single(service.Run("webhooks", "add", "http://127.0.0.1:8089/hook", "--event", "job.failed", "--event",
            "job.succeeded", "--description", "the team").Well().Events);
        var id = added.Text("id");
        Assert.StartsWith("whsec_", added.Text("secret"));
        Assert.All(["http://127.0.0.1:8089/hook", "job.failed, job.succeeded", "the team", "enabled"],
            words => Assert.Contains(words, service.Show("webhooks", "get", id).Well().Output));
        Assert.DoesNotContain("whsec_", service.Show("webhooks", "get", id).Output);
        Assert.Contains(id, service.Show("webhooks", "list").Well().Output);
        var changed = Assert.Single(service.Run("webhooks", "update", id, "--event", "*", "--disable").Well().Events);
        Assert.Equal(("asked", "*"), (changed.Text("disabledReason"), changed.GetProperty("events")[0].GetString()));
        Assert.Contains("give at least one of", service.Show("webhooks", "update", id).Error);
        Assert.Contains("exclude each other", service.Show("webhooks", "update", id, "--enable", "--disable").Error);
        Assert.Contains("secret, shown only once: whsec_", service.Show("webhooks", "rotate-secret", id).Well().Output);
        service.Run("webhooks", "delete", id).Well();
        service.Run("webhooks", "get", id).Complained(ExitCode.Usage, "webhook_not_found");
        Assert.Contains("is not the id of a webhook", service.Show("webhooks", "get", "first").Error);
    }

    [Fact]
    public void An_address_that_the_service_does_not_go_to_is_refused() => service.Run("webhooks", "add", "http://169.254.169.254/latest/")
    .Complained(ExitCode.Usage, "url: leads to an address that is link-local");

    [Fact]
    public async Task A_test_tells_how_it_went_and_what_was_sent_is_listed_and_sent_again()
    {
        using var receiver = new TcpListener(IPAddress.Loopback, 0);
        receiver.Start();
        var id = Assert.Single(service.Run("webhooks", "add", $"http://127.0.0.1:{((IPEndPoint)receiver.LocalEndpoint).Port}/")
            .Well().Events).Text("id");
        var answering = AnswerAsync(receiver, times: 2);
        var sent = Assert.Single(service.Run("webhooks", "test", id).Well().Events);
        Assert.Equal("delivered", sent.Text("status"));
        Assert.Contains("webhook.test", service.Show("webhooks", "deliveries", id, "--status", "delivered").Well().Output);
        service.Run("webhooks", "replay", id, sent.Text("id")).Well();
        await answering.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        receiver.Stop();
        service.Run("webhooks", "test", id).Complained(ExitCode.Unreachable, "webhook: the connection was refused");
    }

    private static async Task AnswerAsync(TcpListener listener, int times)
    {
        for (var n = 0; n < times; n++)
        {
            using var client = await listener.AcceptTcpClientAsync();
            _ = await client.GetStream().ReadAsync(new byte[8192]);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
        }
    }
}
