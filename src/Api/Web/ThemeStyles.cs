using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MudBlazor;

namespace LoraDrop.Api.Web;

/// <summary>The colours and sizes of the pages, as a style sheet.</summary>
/// <remarks>MudBlazor writes them into the page as an inline style, which the content-security policy forbids and which arrives after the
/// first paint. Here its own component is rendered once for each of light and dark, and served as a file.</remarks>
internal sealed partial class ThemeStyles(IServiceScopeFactory scopes, ILoggerFactory logs)
{
    private static readonly MudTheme Theme = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b5c6e", Secondary = "#8a4b08", Tertiary = "#4a5a20", AppbarBackground = "#0b3d4a", AppbarText = "#ffffff",
            Background = "#f6f8f9", Surface = "#ffffff", DrawerBackground = "#ffffff", DrawerText = "#1d2a30", TextPrimary = "#1d2a30",
            TextSecondary = "#4a5a63", Success = "#1b6b3a", Info = "#0b5c8a", Warning = "#8a5200", Error = "#b3261e",
            LinesDefault = "#d5dde1", TableLines = "#d5dde1", Divider = "#d5dde1", ActionDefault = "#4a5a63",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#7fd0e3", PrimaryContrastText = "#06252e", Secondary = "#f0b46c", SecondaryContrastText = "#2b1800",
            Tertiary = "#c3d48a", AppbarBackground = "#0e2027", AppbarText = "#e6eef1", Background = "#11181c", Surface = "#1a2429",
            DrawerBackground = "#141d21", DrawerText = "#e6eef1", TextPrimary = "#e6eef1", TextSecondary = "#aebcc3", Success = "#7fd6a0",
            SuccessContrastText = "#06250f", Info = "#8cc8f2", InfoContrastText = "#06202f", Warning = "#f0b46c",
            WarningContrastText = "#2b1800", Error = "#ffb4ab", ErrorContrastText = "#410e0b", LinesDefault = "#33424a",
            TableLines = "#33424a", Divider = "#33424a", ActionDefault = "#aebcc3",
        },
        Typography = new() { Default = new DefaultTypography { FontFamily = ["system-ui", "Segoe UI", "Roboto", "sans-serif"] } },
    };

    /// <summary>Light; dark where the reader chose it; and without a choice, what the system prefers.</summary>
    public string Css()
    {
        var (light, dark) = (Render(dark: false), Render(dark: true));
        return $"{light}\n{dark.Replace(":root", ":root[data-theme=dark]")}\n"
            + $"@media (prefers-color-scheme: dark) {{ {dark.Replace(":root", ":root:not([data-theme])")} }}";
    }

    private string Render(bool dark)
    {
        using var scope = scopes.CreateScope();
        using var renderer = new HtmlRenderer(scope.ServiceProvider, logs);
        var html = renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<MudThemeProvider>(
            ParameterView.FromDictionary(new Dictionary<string, object?>
            {
                [nameof(MudThemeProvider.Theme)] = Theme, [nameof(MudThemeProvider.IsDarkMode)] = dark,
            }))).ToHtmlString()).GetAwaiter().GetResult();
        return string.Concat(StylePattern().Matches(html).Select(style => System.Net.WebUtility.HtmlDecode(style.Groups[1].Value)));
    }

    [GeneratedRegex("<style[^>]*>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex StylePattern();
}
