using System.Diagnostics;
using System.Security.Cryptography;
using LoraDrop.Figures.Drawing;
using SkiaSharp;

namespace LoraDrop.Figures.Tests;

public sealed class FontFacts
{
    [Theory]
    [InlineData("‖ΔWx‖² Σ α ± ≥ …", 12, 400)]
    [InlineData("importance I, 0.123", 10.5, 400)]
    [InlineData("Importance of each layer's LoRA", 17, 700)]
    public void Widths_read_from_the_font_are_those_that_Skia_draws(string text, double size, double weight)
    {
        using var data = SKData.CreateCopy(weight >= 600 ? Fonts.Bold : Fonts.Regular);
        using var typeface = SKTypeface.FromData(data);
        using var font = new SKFont(typeface, (float)size) { Subpixel = true, Hinting = SKFontHinting.None };
        Assert.Equal(font.MeasureText(text), FontWidths.At(weight).Of(text, size), 0.05);
    }

    [Fact]
    public void The_font_has_every_character_that_figures_write_themselves() =>
        Assert.All("‖ΔWx‖²Σαg=I±…,.'/%()".EnumerateRunes(), rune => Assert.True(FontWidths.Regular.Has(rune.Value), rune.ToString()));

    [Theory]
    [InlineData("short", 100, "short")]
    [InlineData("a name that is much too long", 80, "a name… long")]
    [InlineData("anything", 1, "…")]
    public void Long_names_are_cut_in_their_middle(string name, double width, string fitting) =>
        Assert.Equal(fitting, Words.Fitting(name, width, 12));

    /// <summary>Draws a figure in a process of its own and writes the PNG's hash; see the next test.</summary>
    [Fact(Explicit = true)]
    public void Writes_the_hash_of_a_figure() => File.WriteAllText(Environment.GetEnvironmentVariable("LORADROP_FIGURES")!, Hash());

    [Fact]
    public async Task A_machine_without_any_font_draws_the_same_bytes()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/unshare") && Environment.IsPrivilegedProcess, "needs a mount namespace, so root");
        var folder = Directory.CreateTempSubdirectory("fonts");
        try
        {
            var (empty, written) = (folder.CreateSubdirectory("empty").FullName, Path.Combine(folder.FullName, "hash"));
            var test = $"'{Environment.ProcessPath}' -noColor -noLogo -explicit only -method '*Writes_the_hash_of_a_figure'";
            var hidden = string.Join(" && ", ((string[])["/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts"])
                .Where(Directory.Exists).Select(fonts => $"mount --bind '{empty}' {fonts}"));
            var start = new ProcessStartInfo("/usr/bin/unshare", ["--mount", "sh", "-c", $"{hidden} && exec {test}"])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
                Environment = { ["LORADROP_FIGURES"] = written, ["FONTCONFIG_PATH"] = empty, ["HOME"] = empty },
            };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.SkipWhen((await error).Contains("Operation not permitted"), "no mount namespace is allowed here");
            Assert.True(process.ExitCode == 0, output + await error);
            Assert.Equal(Hash(), await File.ReadAllTextAsync(written));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Hash()
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, draw) in Sample.All()) all.AppendData(draw(new(PngScale: 1)).Png);
        return Convert.ToHexString(all.GetHashAndReset());
    }
}
