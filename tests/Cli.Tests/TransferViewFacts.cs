namespace LoraDrop.Cli.Tests;

public sealed class TransferViewFacts
{
    private readonly Clock _clock = new();

    [Fact]
    public void A_terminal_shows_size_speed_and_time_left()
    {
        var written = new Written(terminal: true);
        using var view = new TransferView(written.Console, _clock, "Upload", 10 << 20);
        _clock.Pass(2);
        view.Add(0);
        _clock.Pass(2);
        view.Add(5 << 20);
        Assert.Contains("5.0 MiB of 10.0 MiB  50 %\n1.3 MiB/s  0:04 left", written.Text);
    }

    [Fact]
    public void A_log_is_spared_what_is_quick()
    {
        var written = new Written();
        using var view = new TransferView(written.Console, _clock, "Download", 1000);
        view.Add(400);
        Assert.Equal("", written.Text);
        _clock.Pass(6);
        view.Add(100);
        Assert.StartsWith("  Download  500 B of 1000 B", written.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void While_no_total_is_known_nothing_is_shown()
    {
        var written = new Written(terminal: true);
        using var view = new TransferView(written.Console, _clock, "Fetch", 0);
        view.Add(400);
        Assert.Equal("", written.Text);
    }
}
