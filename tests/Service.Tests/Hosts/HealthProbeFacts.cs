using System.Net;
using System.Net.Sockets;
using System.Text;
using LoraDrop.Hosting;

namespace LoraDrop.Service.Tests;

/// <summary>What a host's program says when it is asked for another's health: exit codes, for images that hold no other program.</summary>
public sealed class HealthProbeFacts
{
    [Theory]
    [InlineData("200 OK", 0)]
    [InlineData("503 Service Unavailable", 1)]
    [InlineData("307 Temporary Redirect", 1)]
    public async Task It_tells_what_the_host_answers(string answer, int code)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answered = AnswerAsync(listener, answer);
        Assert.Equal(code, await Ask($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/health/ready"));
        await answered;
    }

    [Fact]
    public async Task Where_nobody_listens_it_is_not_well()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Assert.Equal(1, await Ask($"http://127.0.0.1:{port}/health/ready"));
    }

    [Theory]
    [InlineData("ready")]
    [InlineData("file:///etc/passwd")]
    public async Task What_is_no_address_of_a_host_is_refused(string address) => Assert.Equal(2, await Ask(address));

    private static Task<int> Ask(string address) =>
        HostProgram.MainAsync(["health", address], "host", _ => throw new InvalidOperationException("the host was started"));

    private static async Task AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[4]);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    }
}
