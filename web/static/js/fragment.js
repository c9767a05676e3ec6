// Replace an element by what the server renders for it now, without taking anything from the reader's hands:
// focus, caret, chosen radios, ticked boxes, typed text and opened details stay.

const TIMEOUT_MS = 8000;
const flights = new Map();
const etags = new Map();
let composing = false;
document.addEventListener('compositionstart', () => { composing = true; });
document.addEventListener('compositionend', () => { composing = false; });

/** Refetch `element` from its data-fragment. Answers 'swapped', 'same', 'failed' or 'gone'. */
export function refresh(element) {
  const flying = flights.get(element.id);
  if (flying) {
    flying.again = true; // something changed after that answer was made
    return flying.promise;
  }
  const flight = { again: false, overtaken: false };
  flight.promise = fly(element.id, flight).finally(() => flights.delete(element.id));
  flights.set(element.id, flight);
  return flight.promise;
}

async function fly(id, flight) {
  let outcome;
  do {
    flight.again = flight.overtaken = false;
    outcome = await fetchOnce(id, flight);
  } while (flight.again && outcome !== 'failed');
  return outcome;
}

async function fetchOnce(id, flight) {
  const element = document.getElementById(id);
  if (!element) return 'gone';
  const url = element.dataset.fragment;
  const headers = { 'X-Fragment': '1', Accept: 'text/html' };
  const known = etags.get(id);
  if (known?.url === url) headers['If-None-Match'] = known.etag;
  try {
    const response = await fetch(url, {
      headers, cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout?.(TIMEOUT_MS), // phones before iOS 16 lack it
    });
    if (response.status === 204 || response.status === 304) return 'same';
    if (response.status === 401) location.reload(); // a device that staff withdrew: the whole page says so
    if (response.status === 404 || response.status === 410) return 'gone';
    if (!response.ok) return 'failed';
    const fresh = find(parse(await response.text()), id);
    if (flight.overtaken) { // asked before a press that was answered meanwhile: it would show the time before it
      flight.again = true;
      return 'same';
    }
    if (!fresh) {
      if (response.redirected) location.reload(); // signed out: let the whole page say so
      return 'failed';
    }
    if (!replace(id, fresh, true)) return 'same';
    const etag = response.headers.get('ETag');
    if (etag) etags.set(id, { url, etag });
    return 'swapped';
  } catch {
    return 'failed';
  }
}

/** Take every fragment of this page, and the flashed messages, out of a whole page. False when it had none. */
export function swapFrom(html) {
  const page = parse(html);
  let found = false;
  for (const element of document.querySelectorAll('[data-fragment][id]')) {
    const fresh = find(page, element.id);
    if (!fresh) continue;
    etags.delete(element.id);
    const flying = flights.get(element.id);
    if (flying) flying.overtaken = true;
    found = replace(element.id, fresh, false) || found;
  }
  const flashes = find(page, 'flashes');
  if (flashes) document.getElementById('flashes')?.replaceChildren(...flashes.childNodes);
  return found;
}

const parse = (html) => new DOMParser().parseFromString(html, 'text/html');
const find = (page, id) => page.getElementById(id);

function replace(id, fresh, keep) {
  const old = document.getElementById(id);
  // A half-written Chinese word or an open question must not vanish; the next refresh comes anyway.
  const busy = old && ((composing && old.contains(document.activeElement)) || old.querySelector('dialog[open]'));
  if (!old || (keep && busy)) return false;
  const focus = selectorOf(old.contains(document.activeElement) ? document.activeElement : null);
  const caret = focus ? caretOf(document.activeElement) : null;
  const entries = keep ? touched(old) : [];
  const element = document.importNode(fresh, true);
  old.replaceWith(element);
  if (element.dataset.title) document.title = element.dataset.title;
  restore(element, entries);
  element.dispatchEvent(new CustomEvent('fragment:swapped', { bubbles: true })); // shows what only scripts show
  const target = focus && element.querySelector(focus);
  if (target) {
    target.focus({ preventScroll: true });
    if (caret) target.setSelectionRange?.(...caret);
  }
  return true;
}

function selectorOf(element) {
  if (!element) return null;
  // A choice is its value: ids are numbered and move when one option goes.
  if (element.name && ['radio', 'checkbox'].includes(element.type)) return `[name="${CSS.escape(element.name)}"][value="${CSS.escape(element.value)}"]`;
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.key) return `[data-key="${CSS.escape(element.dataset.key)}"]`;
  if (element.name) return `[name="${CSS.escape(element.name)}"]`;
  const href = element.getAttribute('href');
  return href ? `[href="${CSS.escape(href)}"]` : null;
}

function caretOf(element) {
  try {
    return typeof element.selectionStart === 'number' ? [element.selectionStart, element.selectionEnd] : null;
  } catch {
    return null; // some input types refuse to tell
  }
}

/** What the reader changed: never what the server itself had set. */
function touched(root) {
  const entries = [];
  for (const control of root.querySelectorAll('input:not([type=hidden]), textarea, select, details')) {
    const selector = selectorOf(control);
    if (!selector) continue;
    if (control.tagName === 'DETAILS') entries.push({ selector, open: control.open });
    else if (control.type === 'radio' || control.type === 'checkbox') {
      if (control.checked !== control.defaultChecked) entries.push({ selector, checked: control.checked, type: control.type });
    } else if (control.tagName === 'SELECT') {
      if (![...control.options].every((option) => option.selected === option.defaultSelected)) entries.push({ selector, value: control.value });
    } else if (control.value !== control.defaultValue) entries.push({ selector, value: control.value });
  }
  return entries;
}

function restore(root, entries) {
  for (const entry of entries) {
    const control = root.querySelector(entry.selector);
    if ('open' in entry) {
      if (control) control.open = entry.open;
    } else if ('checked' in entry) {
      if (entry.checked && entry.type === 'radio' && (!control || control.disabled)) sayLost(root);
      else if (control && (entry.checked || entry.type === 'checkbox')) control.checked = entry.checked;
    } else if (control) control.value = entry.value;
  }
}

function sayLost(root) {
  const notice = root.querySelector('[data-choice-lost]');
  if (notice) notice.hidden = false;
}
