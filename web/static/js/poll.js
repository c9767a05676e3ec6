// Citizens' pages ask every 15 s while they are looked at: a suspended webview drops streams, and thousands of
// phones would hold thousands of them.

import { refresh } from './fragment.js';
import { showState } from './state.js';

const DEFAULT_SECONDS = 15;
const timers = new Map();

/** Refetch now, then go on as before. */
export async function pollNow(element) {
  const { id } = element;
  const buzzed = element.hasAttribute('data-buzz');
  clearTimeout(timers.get(id));
  timers.delete(id);
  const outcome = await refresh(element);
  showState(outcome === 'failed' ? 'lost' : 'live');
  const now = document.getElementById(id);
  if (!buzzed && now?.hasAttribute('data-buzz')) buzz();
  if (outcome !== 'gone' && now?.hasAttribute('data-poll') && !document.hidden) schedule(now);
}

/** Called just now, perhaps without sound. Browsers refuse, and complain, while nobody has touched the page. */
function buzz() {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([300, 150, 300]);
}

function schedule(element) {
  const seconds = Number(element.dataset.poll) || DEFAULT_SECONDS;
  const jitter = 0.8 + 0.4 * Math.random(); // phones opened by one SMS must not ask in step
  clearTimeout(timers.get(element.id));
  timers.set(element.id, setTimeout(() => {
    const now = document.getElementById(element.id);
    if (now) pollNow(now);
  }, seconds * jitter * 1000));
}

const each = (action) => document.querySelectorAll('[data-poll][id]').forEach(action);

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) each(pollNow);
  else timers.forEach((timer) => clearTimeout(timer));
});
// "Back" in a webview shows the page as it was left, minutes ago.
window.addEventListener('pageshow', (event) => event.persisted && each(pollNow));
window.addEventListener('online', () => each(pollNow));

if (document.querySelector('[data-poll][id]')) showState('live');
each(schedule);
