using MudBlazor;

namespace LoraDrop.Api.Web;

/// <summary>What came of a person's changes: good news goes by itself, faults stay until they are closed.</summary>
/// <remarks>MudBlazor's own snackbars write inline styles, which the content-security policy forbids.</remarks>
internal sealed class PageMessages(TimeProvider clock)
{
    private static readonly TimeSpan Shown = TimeSpan.FromSeconds(6);

    private readonly List<PageMessage> _all = [];

    /// <summary>Called when a message comes or goes.</summary>
    public event Action? Changed;

    public IReadOnlyList<PageMessage> All => _all;

    public void Add(string text, Severity severity)
    {
        var message = new PageMessage(text, severity);
        _all.Add(message);
        Changed?.Invoke();
        if (severity == Severity.Success) _ = RemoveLaterAsync(message);
    }

    public void Remove(PageMessage message)
    {
        if (_all.Remove(message)) Changed?.Invoke();
    }

    private async Task RemoveLaterAsync(PageMessage message)
    {
        await Task.Delay(Shown, clock);
        Remove(message);
    }
}

/// <summary>A message to the reader.</summary>
internal sealed class PageMessage(string text, Severity severity)
{
    public string Text => text;

    public Severity Severity => severity;
}
