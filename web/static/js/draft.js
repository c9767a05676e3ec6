// Keeps what somebody types on the server: a phone that closes the page, or a finger that goes back, costs no typing.
// Without this module each press of a button keeps it, too. Savings may overtake each other on the way: `seq` says which
// is the later, whatever the clock of the phone.

const WAIT_MS = 800;

function start(form) {
  let timer = 0;
  let kept = content(asSent(form));
  const keep = () => {
    clearTimeout(timer);
    const now = content(form);
    if (form.dataset.locked || now === kept) return;
    kept = now;
    const seq = form.elements.namedItem('seq');
    seq.value = Math.max(Number(seq.value) + 1, Date.now());
    const body = new URLSearchParams(now);
    body.set('seq', seq.value);
    fetch(`${form.action}/draft`, { method: 'POST', body, keepalive: true, credentials: 'same-origin' })
      .then((answer) => { if (!answer.ok) kept = ''; })
      .catch(() => { kept = ''; });
  };
  const keepSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, WAIT_MS);
  };
  form.addEventListener('input', keepSoon);
  form.addEventListener('change', keep);
  form.addEventListener('submit', () => clearTimeout(timer));
  document.addEventListener('visibilitychange', () => { if (document.hidden) keep(); });
  window.addEventListener('pagehide', keep);
  if (content(form) !== kept) keepSoon(); // typed while this module was still on its way
}

// The form as the server wrote it.
function asSent(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return copy;
}

// A one-time code is nobody's draft.
function content(form) {
  const data = new URLSearchParams([...new FormData(form)].filter(([name, value]) => name !== 'code' && name !== 'seq' && typeof value === 'string'));
  return data.toString();
}

document.querySelectorAll('form.js-draft').forEach(start);

// iOS shows the page of before from its memory: what is on the server is newer.
window.addEventListener('pageshow', (event) => { if (event.persisted) window.location.reload(); });
