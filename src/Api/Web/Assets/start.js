// Starts the connection to the service, and brings the page back after the service was away.
(() => {
  const modal = document.getElementById('components-reconnect-modal');
  let waiting = false;

  const backWhenReady = async () => {
    if (waiting) return;
    waiting = true;
    for (;;) {
      try {
        const answer = await fetch('health/ready', { cache: 'no-store' });
        if (answer.ok) break;
      } catch {
        // still away
      }
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
    location.reload();
  };

  modal.addEventListener('components-reconnect-state-changed', event => {
    const state = event.detail.state;
    modal.classList.toggle('shown', state !== 'hide');
    if (state === 'failed' || state === 'rejected' || state === 'resume-failed') backWhenReady();
  });

  Blazor.start({
    circuit: {
      reconnectionOptions: { maxRetries: 8, retryIntervalMilliseconds: attempt => Math.min(500 * (attempt + 1), 3000) }
    }
  });
})();
