using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoraDrop.Storage.Tests;

/// <summary>What the guard does when it comes to connecting.</summary>
public sealed class ConnectionFacts
{
    private static readonly IPAddress Public = IPAddress.Parse("93.184.216.34");

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("fe80::1%3")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fc00::1")]
    [InlineData("0.0.0.0")]
    public async Task A_name_that_leads_inside_is_refused_when_it_is_given_and_when_it_is_connected_to(string inside)
    {
        var guard = new OutgoingGuard(new(), Answers([IPAddress.Parse(inside)]));
        Assert.NotNull(await guard.LookAsync(new("https://hooks.example.com/"), Cancel));
        await RefusedAsync(guard, "https://hooks.example.com/");
    }

    [Fact]
    public async Task One_address_of_several_that_leads_inside_is_enough()
    {
        var guard = new OutgoingGuard(new(), Answers([Public, IPAddress.Loopback]));
        Assert.NotNull(await guard.LookAsync(new("https://hooks.example.com/"), Cancel));
        await RefusedAsync(guard, "https://hooks.example.com/");
    }

    [Fact]
    public async Task A_name_that_leads_outside_first_and_inside_then_is_refused_then()
    {
        using var receiver = new Receiver();
        var guard = new OutgoingGuard(new() { AllowHttp = true }, Answers([Public], [IPAddress.Loopback]));
        Assert.Null(await guard.LookAsync(new($"http://hooks.example.com:{receiver.Port}/"), Cancel));
        await RefusedAsync(guard, $"http://hooks.example.com:{receiver.Port}/");
        Assert.Equal(0, receiver.Taken);
    }

    [Fact]
    public async Task The_connection_goes_to_the_address_that_was_checked_and_no_name_is_asked_for_again()
    {
        using var receiver = new Receiver();
        var asked = 0;
        var guard = new OutgoingGuard(new() { AllowHttp = true, PrivateNetworks = ["127.0.0.1"] },
            (_, _) => Task.FromResult<IPAddress[]>(asked++ == 0 ? [IPAddress.Loopback] : [IPAddress.Parse("169.254.169.254")]));
        using var http = new HttpClient(guard.Handler());
        Assert.Equal("ok", await http.GetStringAsync($"http://hooks.example.com:{receiver.Port}/", Cancel));
        Assert.Equal((1, 1), (asked, receiver.Taken));
        Assert.Contains($"Host: hooks.example.com:{receiver.Port}", receiver.Head);
    }

    [Fact]
    public async Task A_host_that_the_operator_names_may_be_private_but_never_metadata()
    {
        using var receiver = new Receiver();
        var options = new OutgoingOptions { AllowHttp = true, PrivateNetworks = ["*.svc.cluster.local"] };
        using (var http = new HttpClient(new OutgoingGuard(options, Answers([IPAddress.Loopback])).Handler()))
            Assert.Equal("ok", await http.GetStringAsync($"http://receiver.svc.cluster.local:{receiver.Port}/", Cancel));
        await RefusedAsync(new(options, Answers([IPAddress.Loopback])), $"http://receiver.example.com:{receiver.Port}/");
        await RefusedAsync(new(options, Answers([IPAddress.Parse("169.254.169.254")])), "http://receiver.svc.cluster.local/");
    }

    [Fact]
    public async Task Of_several_addresses_the_next_is_tried_where_one_does_not_answer()
    {
        using var receiver = new Receiver();
        var guard = new OutgoingGuard(new() { AllowHttp = true, PrivateNetworks = ["127.0.0.0/8"] },
            Answers([IPAddress.Parse("127.0.0.9"), IPAddress.Loopback]));
        using var http = new HttpClient(guard.Handler());
        Assert.Equal("ok", await http.GetStringAsync($"http://hooks.example.com:{receiver.Port}/", Cancel));
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://metadata.google.internal/")]
    [InlineData("http://user@93.184.216.34/")]
    [InlineData("http://93.184.216.34:25/")]
    public async Task What_nobody_read_before_is_refused_by_the_handler_itself(string address) =>
        await RefusedAsync(new(new() { AllowHttp = true }, Answers([Public])), address);

    [Fact]
    public async Task Redirects_are_not_followed_and_cookies_not_kept()
    {
        using var receiver =
            new Receiver("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
        using var http =
            new HttpClient(new OutgoingGuard(new() { AllowHttp = true, PrivateNetworks = ["127.0.0.1"] }, Answers([Public])).Handler());
        for (var i = 0; i < 2; i++)
        {
            using var answer = await http.GetAsync($"http://127.0.0.1:{receiver.Port}/", Cancel);
            Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        }
        Assert.DoesNotContain("Cookie", receiver.Head);
    }

    [Fact]
    public async Task A_proxy_is_used_where_one_is_set_and_what_an_address_says_is_still_judged()
    {
        using var proxy = new Receiver();
        var guard = new OutgoingGuard(new() { AllowHttp = true, Proxy = $"http://127.0.0.1:{proxy.Port}" }, Answers([IPAddress.Loopback]));
        using var http = new HttpClient(guard.Handler());
        Assert.Equal("ok", await http.GetStringAsync("http://hooks.example.com/", Cancel));
        Assert.StartsWith("GET http://hooks.example.com/ ", proxy.Head);
        await RefusedAsync(guard, "http://10.0.0.1/");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task RefusedAsync(OutgoingGuard guard, string address)
    {
        using var http = new HttpClient(guard.Handler());
        var failed = await Assert.ThrowsAnyAsync<Exception>(() => http.GetAsync(address, Cancel));
        Assert.True(OutgoingGuard.RefusalIn(failed) is not null, $"{failed}");
    }

    /// <summary>A resolver that answers so the first time, so the second, and from then on as the last time.</summary>
    private static NameLookup Answers(params IPAddress[][] answers)
    {
        var asked = 0;
        return (_, _) => Task.FromResult(answers[Math.Min(asked++, answers.Length - 1)]);
    }

    /// <summary>Answers whatever comes, on a port of this machine.</summary>
    private sealed class Receiver : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string _answer;

        public Receiver(string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        {
            _answer = answer;
            _listener.Start();
            _ = AnswerAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Taken { get; private set; }

        public string Head { get; private set; } = "";

        public void Dispose() => _listener.Dispose();

        private async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    Taken++;
                    var buffer = new byte[4096];
                    Head = Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer));
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(_answer));
                }
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException or IOException)
            {
                // The test is over.
            }
        }
    }
}
