// The window clerk's console: a whole shift without a mouse. Forms are sent in the background, each press with its
// own id, so that neither an impatient finger nor a bad line calls two people.

import './keys.js';
import { swapFrom } from './fragment.js';
import { showNarrowing } from './narrow.js';
import { newPress } from './press.js';
import { refreshAll } from './page.js';
import { fade } from './undo.js';

const QUIET_MS = 1000; // no two calls within a second
const RETRY_WAITS_MS = [700, 1500, 3000];
let quietUntil = 0;
const KEPT = 'console.press'; // the press that has no answer yet survives a reload
const KEPT_MS = 120_000; // after that the world has moved on: the officer looks and presses again
const AGAIN_MS = 3000;
let sending = false;
const unanswered = new Map(); // wish → its press id, when no answer came

// ---- presses ----

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post' || !form.closest('.console')) return;
  event.preventDefault();
  if (sending || performance.now() < quietUntil) return;
  if (sessionStorage.getItem(KEPT) !== null) { sendKept(); return; } // one press at a time: that one comes first
  send(form, event.submitter);
});

async function send(form, submitter) {
  sending = true;
  quietUntil = performance.now() + QUIET_MS;
  showQuiet();
  const body = new URLSearchParams(new FormData(form, submitter));
  body.delete('press');
  const wish = `${form.action} ${withoutToken(body)}`;
  // Pressing again after "no connection" is the same wish: the first press may have arrived after all.
  const press = unanswered.get(wish) ?? newPress();
  body.set('press', press);
  try {
    const response = await deliver(form.action, body);
    if (response) {
      unanswered.delete(wish);
      show(response, await response.text());
    } else {
      unanswered.set(wish, press);
      body.delete('csrf_token');
      const words = (submitter ?? form.querySelector('button'))?.querySelector('span')?.textContent ?? '';
      keep({ url: form.action, body: body.toString(), wish, words, at: Date.now() });
    }
  } finally {
    sending = false;
    setTimeout(showQuiet, Math.max(0, quietUntil - performance.now()) + 20);
    showQuiet();
  }
}

// ---- a press that found no line: kept, shown, and sent by itself when the line is back ----

function keep(press) {
  sessionStorage.setItem(KEPT, JSON.stringify(press));
  sayKept('queued', press);
  setTimeout(sendKept, AGAIN_MS);
}

function sayKept(kind, press) {
  const words = document.querySelector('.console')?.dataset[kind];
  if (words) say(words.replace('@@', press.words.trim()));
}

async function sendKept() {
  const press = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
  if (!press || sending) return;
  if (Date.now() - press.at > KEPT_MS) {
    sessionStorage.removeItem(KEPT);
    sayKept('dropped', press);
    refreshAll();
    return;
  }
  sending = true;
  sayKept('queued', press);
  const body = new URLSearchParams(press.body);
  body.set('csrf_token', document.querySelector('input[name=csrf_token]')?.value ?? '');
  const response = await post(press.url, body);
  sending = false;
  if (response && response.status < 502) {
    sessionStorage.removeItem(KEPT);
    unanswered.delete(press.wish);
    show(response, await response.text());
  } else setTimeout(sendKept, AGAIN_MS);
  showQuiet();
}

window.addEventListener('online', sendKept);
sendKept();

function withoutToken(body) {
  const copy = new URLSearchParams(body);
  copy.delete('csrf_token');
  return copy;
}

/** Send until the server answers, each time with the same id; null when it never did. */
async function deliver(url, body) {
  for (const wait of [0, ...RETRY_WAITS_MS]) {
    if (wait) await new Promise((done) => { setTimeout(done, wait); });
    const response = await post(url, body);
    if (response && response.status < 502) return response;
  }
  return null;
}

function post(url, body) {
  return fetch(url, {
    method: 'POST', body, credentials: 'same-origin', headers: { Accept: 'text/html', 'X-Fragment': '1' }, signal: AbortSignal.timeout(8000),
  }).catch(() => null);
}

function show(response, text) {
  const isProblem = (response.headers.get('Content-Type') ?? '').includes('json');
  if (!isProblem && swapFrom(text)) return;
  const sentence = isProblem
    ? JSON.parse(text).detail
    : new DOMParser().parseFromString(text, 'text/html').querySelector('.error-sentence')?.textContent;
  if (sentence) say(sentence);
  else if (response.redirected) location.assign(response.url); // signed out, or the counter is closed
  refreshAll();
}

function say(sentence) {
  const note = document.createElement('p');
  note.className = 'note note--bad';
  note.textContent = sentence;
  document.getElementById('flashes')?.replaceChildren(note);
}

function showQuiet() {
  const quiet = sending || sessionStorage.getItem(KEPT) !== null || performance.now() < quietUntil;
  for (const button of document.querySelectorAll('.console .key-btn')) {
    if (quiet) button.setAttribute('aria-disabled', 'true');
    else button.removeAttribute('aria-disabled');
  }
}

showNarrowing();
document.addEventListener('fragment:swapped', () => { showQuiet(); showNarrowing(); fade(); });
