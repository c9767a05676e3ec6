// The line of a kiosk: a page that cannot be reached must not replace the kiosk by the browser's own error page, and
// whoever pressed reads whether a number was taken. The same press sent again gives the same number.

const WAITS_MS = [700, 1500];
const PATIENCE_MS = 8000;
const notice = document.getElementById('no-line');
const alive = document.body.dataset.alive;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

function say(words) {
  if (!notice) return;
  notice.textContent = words;
  notice.hidden = !words;
  if (words) notice.scrollIntoView({ block: 'nearest' });
}

let down = false;
/** Whether the last thing asked of the server got no answer. */
export const isDown = () => down;

export async function ask(url, options) {
  try {
    const response = await fetch(url, { ...options, cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout?.(PATIENCE_MS) });
    if (response.status >= 502) throw new Error(`status ${response.status}`);
    down = false;
    return response;
  } catch (fault) {
    down = true;
    throw fault;
  }
}

/** Send the form; go where the answer leads, or say that there is no line. True when the page is being left. */
export async function sendForm(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await ask(form.action, { method: 'POST', body });
      say('');
      if (response.redirected) location.assign(response.url);
      else sendNatively(form, submitter); // a refusal: the same press again shows its page
      return true;
    } catch {
      if (attempt >= WAITS_MS.length) {
        say(notice?.dataset.form ?? '');
        return false;
      }
      say(notice?.dataset.trying ?? '');
      await pause(WAITS_MS[attempt]);
    }
  }
}

function sendNatively(form, submitter) {
  form.dataset.native = '1';
  form.requestSubmit(submitter ?? undefined);
}

document.addEventListener('click', async (event) => {
  const link = event.target.closest?.('a[href]');
  if (!link || !alive || event.defaultPrevented || link.classList.contains('skip-link')) return;
  event.preventDefault();
  try {
    await ask(alive, { method: 'HEAD' });
    location.assign(link.href);
  } catch {
    say(notice?.dataset.link ?? '');
  }
});
// ---- whoever stands before it reads that the line is down, and a withdrawn kiosk ends, without a press ----

const BEAT_MS = 10_000;

async function beat() {
  try {
    const response = await ask(alive, { method: 'HEAD' });
    if (response.status === 401 || response.status === 403) location.replace(alive);
    else if (notice?.textContent === notice?.dataset.idle) say('');
  } catch {
    if (notice?.hidden) say(notice.dataset.idle);
  }
}
if (alive) setInterval(beat, BEAT_MS);
window.addEventListener('online', () => {
  say('');
  if (alive) beat();
});
