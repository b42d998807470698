// What components cannot do from the server: times in the reader's zone, the clipboard, files, uploads.
(() => {
  const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const long = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

  // The text lies in a shadow tree, which renders of the component leave alone; without JavaScript the UTC time inside is shown.
  customElements.define('local-time', class extends HTMLElement {
    static observedAttributes = ['datetime'];
    attributeChangedCallback() {
      const at = new Date(this.getAttribute('datetime'));
      if (Number.isNaN(at.valueOf())) return;
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
      const time = root.firstChild ?? root.appendChild(document.createElement('time'));
      time.dateTime = at.toISOString();
      time.textContent = short.format(at);
      time.title = long.format(at);
    }
  });

  const save = (name, type, text) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  const files = new Map(); // by the id of the upload's form
  const sending = new Map(); // the request of the upload that is under way, by the same id
  const read = file => ({ name: file.name, size: file.size });

  // Tells a page something until it has heard it: what broke an upload may have broken the page's connection too, which comes back.
  const tell = (page, method, ...values) => {
    let heard = false;
    const done = () => { heard = true; };
    const again = tries => {
      if (heard || tries === 0) return;
      page.invokeMethodAsync(method, ...values).then(done, done);
      setTimeout(() => again(tries - 1), 2000);
    };
    again(60);
  };

  window.loradrop = {
    live: () => { document.documentElement.dataset.live = 'true'; },
    seen: () => document.visibilityState === 'visible',
    dark: () => loradropTheme() === 'dark',
    copy: text => navigator.clipboard.writeText(text),
    ask: dialog => dialog?.showModal(),
    save,
    themed: page => document.addEventListener('loradrop-theme', () => page.invokeMethodAsync('ThemeChanged', loradropTheme() === 'dark')),
    savePlot: (id, format, name) => Plotly.downloadImage(id, { format, width: 1000, height: 500, filename: name }),

    // Files dropped on or chosen in an element, told to the page; the files themselves stay here until they are sent.
    drop: (id, page) => {
      const area = document.getElementById(id);
      const input = area.querySelector('input[type=file]');
      const take = list => {
        const taken = [...list];
        files.set(id, [...(files.get(id) ?? []), ...taken]);
        page.invokeMethodAsync('FilesTaken', taken.map(read));
      };
      area.addEventListener('dragover', event => { event.preventDefault(); area.classList.add('over'); });
      area.addEventListener('dragleave', () => area.classList.remove('over'));
      area.addEventListener('drop', event => { event.preventDefault(); area.classList.remove('over'); take(event.dataTransfer.files); });
      input.addEventListener('change', () => { take(input.files); input.value = ''; });
    },
    leaveOut: (id, index) => files.get(id)?.splice(index, 1),
    stop: id => sending.get(id)?.abort(),
    forget: id => { sending.get(id)?.abort(); files.delete(id); },

    // Sends the files, with progress. Finished tells the service's answer as text; status 0 where the connection broke.
    send: (id, address, fields, splits, page) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      for (const [index, split] of splits.entries()) if (split) form.append(split, files.get(id)[index]);
      const request = new XMLHttpRequest();
      let told = 0;
      request.upload.onprogress = event => {
        const now = performance.now();
        if (event.total > 0 && (now - told > 200 || event.loaded === event.total)) {
          told = now;
          page.invokeMethodAsync('Sent', event.loaded, event.total);
        }
      };
      request.onloadend = () => {
        sending.delete(id);
        tell(page, 'Finished', request.status, request.responseText);
      };
      sending.set(id, request);
      request.open('POST', address);
      request.send(form);
    }
  };
})();
