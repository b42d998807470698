#!/usr/bin/env bash
# MudBlazor 9.12.0: its colours and the animation of its snackbars are inline style elements, which a content-security policy forbids.
#
# Expected: a page with the style sheet of the package and the policy style-src 'self' looks as designed; or there is a nonce to set.
# Seen:     MudThemeProvider renders three <style> elements, without a nonce, and has no parameter for one; every colour is a variable that only
#           they define. (A snackbar adds one with @keyframes while it is shown.)
# Matters:  under a strict policy the page is unstyled, and only the browser's console says why. Rendered once and served as a file, the
#           same text works.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages MudBlazor@9.12.0
sed -i 's|</PropertyGroup>|</PropertyGroup><ItemGroup><FrameworkReference Include="Microsoft.AspNetCore.App" /></ItemGroup>|' finding.csproj

seen=$(dotnet_run <<'CS'
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.JSInterop;
using MudBlazor;
using MudBlazor.Services;

var services = new ServiceCollection().AddLogging().AddSingleton<IJSRuntime, NoBrowser>().AddMudServices().BuildServiceProvider();
await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
var html = await renderer.Dispatcher.InvokeAsync(async () =>
    (await renderer.RenderComponentAsync<MudThemeProvider>(ParameterView.Empty)).ToHtmlString());
var tags = Regex.Matches(html, "<style[^>]*>").Select(tag => tag.Value).ToArray();
Console.WriteLine($"style elements: {string.Join(' ', tags)}");
Console.WriteLine($"with a nonce: {tags.Count(tag => tag.Contains("nonce"))}");
Console.WriteLine($"defines the primary colour: {html.Contains("--mud-palette-primary:")}");
Console.WriteLine($"parameters with nonce in their name: {typeof(MudThemeProvider).GetProperties().Count(p => p.Name.Contains("nonce", StringComparison.OrdinalIgnoreCase))}");

internal sealed class NoBrowser : IJSRuntime
{
    public ValueTask<T> InvokeAsync<T>(string identifier, object?[]? args) => default;

    public ValueTask<T> InvokeAsync<T>(string identifier, CancellationToken cancellationToken, object?[]? args) => default;
}
CS
)
recorded "$seen" "MudBlazor writes its styles in another way than it did." <<'SEEN'
style elements: <style> <style> <style class='mud-theme-provider'>
with a nonce: 0
defines the primary colour: True
parameters with nonce in their name: 0
SEEN
