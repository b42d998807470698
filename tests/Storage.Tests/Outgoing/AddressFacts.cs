using LoraDrop.Domain;

namespace LoraDrop.Storage.Tests;

/// <summary>What the guard says of an address as somebody writes it.</summary>
public sealed class AddressFacts
{
    [Theory]
    // This machine, in every spelling that some program understands.
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://127.0.0.1:8443/x")]
    [InlineData("https://127.1/")]
    [InlineData("https://127.0.1/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://0x7F.0x0.0x0.0x1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://017700000001/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://0177.0000.0000.0001/")]
    [InlineData("https://00000127.0.0.1/")]
    [InlineData("https://\uff11\uff12\uff17.0.0.1/")]
    [InlineData("https://127\u3002" + "0\u3002" + "0\u3002" + "1/")]
    [InlineData("https://\u2460\u2461\u2466.0.0.1/")]
    [InlineData("https://127.0.0.1./")]
    [InlineData("https://%31%32%37.0.0.1/")]
    [InlineData("https://0/")]
    [InlineData("https://0.0.0.0/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[0:0:0:0:0:0:0:1]/")]
    [InlineData("https://[::]/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://[::ffff:7f00:1]/")]
    [InlineData("https://[::127.0.0.1]/")]
    [InlineData("https://[64:ff9b::127.0.0.1]/")]
    [InlineData("https://[64:ff9b::7f00:1]/")]
    [InlineData("https://[64:ff9b:1::7f00:1]/")]
    [InlineData("https://[2002:7f00:1::]/")]
    [InlineData("https://[2001:0:7f00:1::]/")]
    [InlineData("https://[fe80::1%25eth0]/")]
    [InlineData("https://[fe80::1%1]/")]
    // Metadata of clouds.
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://0xa9fea9fe/")]
    [InlineData("https://2852039166/")]
    [InlineData("https://0251.0376.0251.0376/")]
    [InlineData("https://169.254.43518/")]
    [InlineData("https://[::ffff:169.254.169.254]/")]
    [InlineData("https://[::ffff:a9fe:a9fe]/")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/")]
    [InlineData("https://[fd00:ec2::254]/")]
    [InlineData("https://[fd20:ce::254]/")]
    [InlineData("https://100.100.100.200/")]
    [InlineData("https://168.63.129.16/")]
    [InlineData("https://192.0.0.192/")]
    [InlineData("https://169.254.170.2/v2/credentials")]
    [InlineData("https://metadata.google.internal/computeMetadata/v1/")]
    [InlineData("https://METADATA.google.INTERNAL/")]
    [InlineData("https://metadata/")]
    [InlineData("https://metadata.google.internal./")]
    // Private, shared, local, special.
    [InlineData("https://10.0.0.1/")]
    [InlineData("https://10.255.255.255/")]
    [InlineData("https://172.16.0.1/")]
    [InlineData("https://172.31.255.255/")]
    [InlineData("https://192.168.1.1/")]
    [InlineData("https://100.64.0.1/")]
    [InlineData("https://100.127.255.254/")]
    [InlineData("https://192.0.2.1/")]
    [InlineData("https://198.51.100.7/")]
    [InlineData("https://203.0.113.9/")]
    [InlineData("https://198.18.0.1/")]
    [InlineData("https://198.19.255.255/")]
    [InlineData("https://192.88.99.1/")]
    [InlineData("https://192.0.0.8/")]
    [InlineData("https://224.0.0.1/")]
    [InlineData("https://239.255.255.250/")]
    [InlineData("https://240.0.0.1/")]
    [InlineData("https://255.255.255.255/")]
    [InlineData("https://[fc00::1]/")]
    [InlineData("https://[fd12:3456:789a::1]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://[febf::1]/")]
    [InlineData("https://[fec0::1]/")]
    [InlineData("https://[ff02::1]/")]
    [InlineData("https://[2001:db8::1]/")]
    [InlineData("https://[3fff::1]/")]
    [InlineData("https://[2001:2::1]/")]
    [InlineData("https://[2001:20::1]/")]
    [InlineData("https://[100::1]/")]
    [InlineData("https://[5f00::1]/")]
    [InlineData("https://[4000::1]/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    [InlineData("https://[2002:a00:1::1]/")]
    // Public, but in disguise.
    [InlineData("https://134744072/")]
    [InlineData("https://8.8.2056/")]
    [InlineData("https://[::ffff:8.8.8.8]/")]
    [InlineData("https://[64:ff9b::8.8.8.8]/")]
    [InlineData("https://[2002:808:808::1]/")]
    [InlineData("https://1.2.3.256/")]
    [InlineData("https://1.2.3.4.5/")]
    [InlineData("https://example.0x7f/")]
    // Other schemes, parts and ports.
    [InlineData("http://hooks.example.com/")]
    [InlineData("ftp://hooks.example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://hooks.example.com/")]
    [InlineData("dict://hooks.example.com:11211/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/plain,x")]
    [InlineData("//hooks.example.com/")]
    [InlineData("/hooks")]
    [InlineData("hooks.example.com")]
    [InlineData("")]
    [InlineData("https:hooks.example.com")]
    [InlineData("https:///hooks.example.com")]
    [InlineData("https://")]
    [InlineData("https://user@hooks.example.com/")]
    [InlineData("https://user:password@hooks.example.com/")]
    [InlineData("https://hooks.example.com@127.0.0.1/")]
    [InlineData("https://127.0.0.1@hooks.example.com/")]
    [InlineData("https://@hooks.example.com/")]
    [InlineData("https://hooks.example.com#@127.0.0.1/")]
    [InlineData("https://hooks.example.com\\@127.0.0.1/")]
    [InlineData("https:\\\\hooks.example.com/")]
    [InlineData("https://hooks.example.com/ x")]
    [InlineData(" https://hooks.example.com/")]
    [InlineData("https://hooks.example.com/\r\nHost: 127.0.0.1")]
    [InlineData("https://hooks.example.com/\t")]
    [InlineData("https://hooks.example.com/#part")]
    [InlineData("https://hooks.example.com./")]
    [InlineData("https://hooks.example.com:0/")]
    [InlineData("https://hooks.example.com:22/")]
    [InlineData("https://hooks.example.com:25/")]
    [InlineData("https://hooks.example.com:6379/")]
    [InlineData("https://hooks.example.com:11211/")]
    [InlineData("https://hooks.example.com:99999/")]
    [InlineData("https://hooks.example.com:-1/")]
    public void It_is_refused(string address)
    {
        var (read, faults) = Read(new(), address);
        Assert.Null(read);
        Assert.Equal("url", Assert.Single(faults).Path);
    }

    [Theory]
    [InlineData("https://hooks.example.com/loradrop", "https://hooks.example.com/loradrop")]
    [InlineData("https://HOOKS.Example.com/A/b?c=%20d", "https://hooks.example.com/A/b?c=%20d")]
    [InlineData("https://hooks.example.com:8443", "https://hooks.example.com:8443/")]
    [InlineData("https://93.184.216.34/x", "https://93.184.216.34/x")]
    [InlineData("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x")]
    [InlineData("https://b\u00fccher.example/", "https://xn--bcher-kva.example/")]
    [InlineData("https://\u0435xample.com/", "https://xn--xample-2of.com/")] // with a Cyrillic letter: whoever looks at it sees that
        public void It_is_taken_and_shown_as_it_is_sent(string address, string shown) =>
    Assert.Equal((shown, 0), (Read(new(), address) is var (read, faults) ? read?.AbsoluteUri : null, faults.Count));

    [Fact]
    public void A_long_address_and_one_of_nonsense_are_refused_and_nothing_throws()
    {
        Assert.Null(Read(new(), $"https://hooks.example.com/{new string('x', 3000)}").Read);
        Assert.Null(Read(new(), $"https://{new string('a', 300)}.example.com/").Read);
        foreach (var part in new[] { "\ud800", "\0", "xn--\u00e4", "xn--a", "\u00ad", "\u200d", "a..b", ".a", "-a", "[", "]", "[]", "[::g]",
            "%", "%zz", "*", "a b", "[v1.x]", "_", "\u06f1.1.1.1", "\ufffd" })
            foreach (var whole in new[] { $"https://{part}/", $"https://{part}.example.com/", $"https://example.com:{part}/",
                $"{part}://example.com/", $"https://{part}@example.com/" })
                if (Read(new(), whole).Read is { } taken) Assert.Matches(@"\A[a-z0-9_-]+(\.[a-z0-9_-]+)*\z", taken.IdnHost);
    }

    [Fact]
    public void Where_hosts_are_listed_others_are_refused()
    {
        var options = new OutgoingOptions { AllowedHosts = ["*.example.com", "hooks.example.org"] };
        Assert.NotNull(Read(options, "https://a.b.example.com/").Read);
        Assert.NotNull(Read(options, "https://HOOKS.example.org/").Read);
        foreach (var other in new[] { "https://example.com/", "https://evilexample.com/", "https://example.com.evil.net/",
            "https://x.hooks.example.org/", "https://93.184.216.34/" })
            Assert.Contains("Outgoing:AllowedHosts", Assert.Single(Read(options, other).Faults).Message);
    }

    [Fact]
    public void What_an_operator_allows_is_taken_and_nothing_else()
    {
        var options = new OutgoingOptions { PrivateNetworks = ["10.20.0.0/16", "127.0.0.1", "fd12::/16"], AllowHttp = true };
        foreach (var allowed in new[] { "http://10.20.3.4:8080/", "http://127.0.0.1/", "https://[fd12::7]/", "http://hooks.example.com/" })
            Assert.Empty(Read(options, allowed).Faults);
        foreach (var other in new[] { "http://10.21.0.1/", "http://127.0.0.2/", "http://[::1]/", "http://[fd13::7]/",
            "http://169.254.169.254/", "http://[::ffff:10.20.3.4]/", "http://0x7f000001/" })
            Assert.Single(Read(options, other).Faults);
    }

    [Fact]
    public void Metadata_is_never_reached_whatever_the_settings_say()
    {
        var options = new OutgoingOptions { PrivateNetworks = ["0.0.0.0/0", "::/0", "metadata.google.internal", "*.internal"],
            AllowHttp = true };
        foreach (var never in new[] { "http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
            "http://metadata.google.internal/", "http://224.0.0.1/", "http://0.0.0.0/" })
            Assert.Single(Read(options, never).Faults);
        Assert.Empty(Read(options, "http://192.168.1.1/").Faults);
    }

    [Fact]
    public void Settings_that_mean_nothing_are_faults()
    {
        var options = new OutgoingOptions { AllowedHosts = ["*.example.com", "https://example.com", "*", ""],
            PrivateNetworks = ["10.0.0.0/8", "10.0.0.0/33", "169.254.0.0/16", "*.svc.cluster.local"], Proxy = "proxy:3128" };
        Assert.Equal(["Outgoing:AllowedHosts:1", "Outgoing:AllowedHosts:2", "Outgoing:AllowedHosts:3", "Outgoing:PrivateNetworks:1",
            "Outgoing:PrivateNetworks:2", "Outgoing:Proxy"],
            options.Faults("Outgoing").Select(fault => fault.Path));
    }

    private static (Uri? Read, List<Fault> Faults) Read(OutgoingOptions options, string address)
    {
        var faults = new List<Fault>();
        return (new OutgoingGuard(options, (_, _) => throw new InvalidOperationException("no name is resolved for this")).Read(address,
            "url", faults), faults);
    }
}
