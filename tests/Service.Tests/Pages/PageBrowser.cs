using System.Collections.Concurrent;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace LoraDrop.Service.Tests;

/// <summary>Chromium, shared by the tests of pages.</summary>
public sealed class PageBrowser : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium)) return;
        Assertions.SetDefaultExpectTimeout((float)Eventually.Patience.TotalMilliseconds);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium, Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A browser of its own, with an empty memory.</summary>
    /// <param name="service">The service's address.</param>
    /// <param name="options">Width, colours, scripts.</param>
    public async Task<Visit> VisitAsync(Uri service, BrowserNewContextOptions? options = null)
    {
        Assert.SkipUnless(_browser is not null, "Chromium is not installed");
        options ??= new();
        options.BaseURL = service.AbsoluteUri;
        options.ViewportSize ??= new() { Width = 1280, Height = 900 };
        var context = await _browser!.NewContextAsync(options);
        context.SetDefaultTimeout((float)Eventually.Patience.TotalMilliseconds);
        return new(service, context, await context.NewPageAsync());
    }
}

/// <summary>A browser that looks at the service's pages. What goes wrong in it, and every request, is written down.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _faults = [], _requests = [];

    internal Visit(Uri service, IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _faults.Enqueue($"{message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => _faults.Enqueue($"script: {error}");
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(service.AbsoluteUri, StringComparison.Ordinal) && !request.Url.StartsWith("data:",
                StringComparison.Ordinal)
                && !request.Url.StartsWith("blob:", StringComparison.Ordinal)) _requests.Enqueue(request.Url);
        };
    }

    public IPage Page { get; }

    /// <summary>What the browser complained of.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Requests to other hosts.</summary>
    public IReadOnlyCollection<string> Elsewhere => _requests;

    /// <summary>Goes to a page and waits until its components live.</summary>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(path);
        await LiveAsync();
    }

    /// <summary>Waits until the page's components live.</summary>
    public Task LiveAsync() => Page.Locator("html[data-live=true]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Faults of accessibility that axe-core calls serious or critical.</summary>
    public async Task<IReadOnlyList<string>> AxeAsync() =>
        [.. (await Page.RunAxe()).Violations.Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation =>
                $"{violation.Id}: {violation.Help} {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}")];

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
