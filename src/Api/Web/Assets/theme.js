// Runs before the first paint, so that nothing flashes in the other theme.
(() => {
  const root = document.documentElement;
  const chosen = localStorage.getItem('loradrop-theme');
  if (chosen === 'light' || chosen === 'dark') root.dataset.theme = chosen;
  window.loradropTheme = () => root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  document.addEventListener('click', event => {
    if (!event.target.closest?.('[data-theme-toggle]')) return;
    root.dataset.theme = loradropTheme() === 'dark' ? 'light' : 'dark';
    localStorage.setItem('loradrop-theme', root.dataset.theme);
    document.dispatchEvent(new CustomEvent('loradrop-theme'));
  });
})();
