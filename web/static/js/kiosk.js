// Hall kiosk: the scanner types like a keyboard, the last person may have walked away, and fingers press twice.

import { ask, isDown, sendForm } from './kiosk_line.js';
import { armForm } from './press.js';

// ---- scanner: a burst of keys ending in Enter, wherever the focus is ----

const BURST_GAP_MS = 80; // guns type within 20 ms, people never within 80
const SHORTEST_CODE = 6;
let burst = null;

document.addEventListener('keydown', (event) => {
  const form = document.querySelector('form[data-scan]');
  if (!form || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === 'Enter') {
    const code = burst && event.timeStamp - burst.lastAt <= BURST_GAP_MS ? burst.text : '';
    if (code.length >= SHORTEST_CODE) {
      event.preventDefault();
      putBack(burst);
      accept(form, code);
    }
    burst = null;
    return;
  }
  lastKey = letterOf(event);
  if (lastKey) collect(lastKey, event);
});

// Readers of documents put a name in without a key: no keyboard has its characters.
let lastKey = '';
document.addEventListener('beforeinput', (event) => {
  const isName = event.data && !event.isComposing && /[^\x20-\x7e]/.test(event.data) && event.data !== lastKey;
  if (isName && document.querySelector('form[data-scan]')) collect(event.data, event);
});

function collect(text, event) {
  if (burst && event.timeStamp - burst.lastAt > BURST_GAP_MS) burst = null;
  burst ??= { text: '', field: fieldOf(event.target), before: event.target.value };
  burst.text += text;
  burst.lastAt = event.timeStamp;
}

/** An active Chinese input method hides `key`; `code` still names the key of the gun's US layout. */
function letterOf(event) {
  if (event.key !== 'Process' && !event.isComposing) return event.key.length === 1 ? event.key : '';
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  if (letter) return event.shiftKey ? letter : letter.toLowerCase();
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  if (digit && !event.shiftKey) return digit;
  const signs = { Minus: '-_', Slash: '/?', Period: '.>', Semicolon: ';:', Equal: '=+' }[event.code];
  return signs ? signs[event.shiftKey ? 1 : 0] : '';
}

const fieldOf = (element) => (element.matches?.('input, textarea') ? element : null);

/** The gun also typed into the focused field: give the person back what they had written. */
function putBack({ field, before }) {
  if (field) field.value = before;
}

function accept(form, code) {
  form.elements.namedItem('code').value = code;
  form.requestSubmit();
}

// ---- touch keys ----

document.addEventListener('click', (event) => {
  const key = event.target.closest?.('[data-keypad] button');
  if (!key) return;
  const field = document.getElementById(key.closest('[data-keypad]').dataset.keypad);
  if ('clear' in key.dataset) field.value = '';
  else if ('erase' in key.dataset) field.value = field.value.slice(0, -1);
  else if (field.maxLength < 0 || field.value.length < field.maxLength) field.value += key.dataset.type;
  field.dispatchEvent(new Event('input', { bubbles: true }));
});
// The system's own on-screen keyboard would cover ours.
document.querySelectorAll('[data-keypad]:not([data-native-keys])').forEach((pad) => {
  document.getElementById(pad.dataset.keypad)?.setAttribute('inputmode', 'none');
});

// ---- one press, one ticket ----

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post' || form.dataset.native) return;
  event.preventDefault();
  if (form.dataset.locked) return;
  armForm(form);
  form.dataset.locked = '1';
  sendForm(form, event.submitter).then((leaving) => setTimeout(() => { delete form.dataset.locked; }, leaving ? 5000 : 0));
});

document.getElementById('error-summary')?.focus();

// ---- paper: by itself where the device says so, once a ticket; else by the button ----

const printNow = document.querySelector('[data-print-now]');
if (printNow) {
  printNow.hidden = false;
  // With a network printer paper.js prints; else the browser does.
  const toNetwork = document.getElementById('paper-form');
  printNow.addEventListener('click', () => (toNetwork ? document.dispatchEvent(new Event('paper:wanted')) : window.print()));
}
const toPrint = document.body.dataset.print;
if (toPrint && sessionStorage.getItem('printed') !== toPrint) {
  sessionStorage.setItem('printed', toPrint);
  window.print();
}

// ---- the next person finds the first page ----

const home = document.body.dataset.resetUrl;
if (home) {
  const total = (Number(document.body.dataset.resetSeconds) || 45) * 1000;
  const words = document.querySelector('[data-reset-words]');
  let deadline = Date.now() + total;
  const touch = () => { deadline = Date.now() + total; tick(); };
  const tick = () => {
    const left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
    if (words) {
      words.textContent = isDown() ? words.dataset.downWords : left > 0 ? words.dataset.resetWords.replace('{n}', left) : '';
      words.classList.toggle('is-soon', left <= 10 && !isDown());
    }
    if (left === 0) leave();
  };
  let leaving = false;
  // Ask first: a browser's own error page would stay on the screen until somebody comes.
  const leave = () => {
    if (leaving) return;
    leaving = true;
    ask(home, { method: 'HEAD' })
      .then((response) => { if (response.status < 500) location.replace(home); })
      .catch(() => {})
      .finally(() => setTimeout(() => { leaving = false; }, 3000));
  };
  ['pointerdown', 'keydown'].forEach((name) => document.addEventListener(name, touch));
  setInterval(tick, 1000);
  tick();
}
