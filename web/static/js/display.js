// Call screen: new calls flash and are spoken one after the other; old ones are shown but not announced; the picture moves
// a little so that the panel keeps no ghost.

import './page.js';
import { announce, play } from './speech.js';

const STALE_MS = 60_000;
const LONGEST_MS = 300_000; // a whole hall calling at once is said one after the other
const FLASH_MS = 6000;
const PAGE_MS = 6000;
const BETWEEN_MS = 1500;
const known = new Set();
const queue = [];
let announcing = false;
let flashing = null;

const chime = document.body.dataset.chime;
const notice = document.getElementById('audio-notice');

const calls = () => [...document.querySelectorAll('#board [data-call]')];

function look() {
  for (const element of calls().reverse()) { // the oldest of them is said first
    const id = element.dataset.call;
    if (known.has(id)) continue;
    known.add(id);
    if (!('stale' in element.dataset)) queue.push({ id, ...called(element.dataset), quiet: 'quiet' in element.dataset, seenAt: performance.now() });
  }
  if (known.size > 500) forget();
  showPage();
  mark();
  announceAll();
}

/** Whom to call where; a room comes with the clips that say it. */
function called({ say, counter, room, to, toEn }) {
  const place = room ? { name: room, zh: to.split(' '), en: toEn.split(' ') } : null;
  return { label: say, counter, place };
}

function forget() {
  const shown = new Set(calls().map((element) => element.dataset.call));
  for (const id of known) if (!shown.has(id)) known.delete(id);
}

/** One at a time: two windows must never speak over each other. */
async function announceAll() {
  if (announcing) return;
  announcing = true;
  while (queue.length) {
    const call = queue.shift();
    const age = performance.now() - call.seenAt;
    // Who had to wait for the loudspeaker is still called, unless they have come meanwhile.
    if (age > LONGEST_MS || (age > STALE_MS && !isOpen(call.id))) continue;
    flash(call.id);
    await sound(call);
    await new Promise((done) => { setTimeout(done, BETWEEN_MS); });
  }
  announcing = false;
}

function flash(id) {
  flashing = { id, until: performance.now() + FLASH_MS };
  showPage();
  mark();
  setTimeout(mark, FLASH_MS + 50);
}

const isOpen = (id) => calls().some((element) => element.dataset.call === id && 'open' in element.dataset);

function mark() {
  for (const element of calls()) {
    const on = flashing !== null && performance.now() < flashing.until && element.dataset.call === flashing.id;
    element.classList.toggle('is-calling', on);
  }
}

// ---- more open calls than rows: their pages in turn ----

let page = 0;

function turn() {
  if (flashing === null || performance.now() >= flashing.until) page += 1;
  showPage();
}

/** The page of the call that is being said, else the one whose turn it is. */
function showPage() {
  const list = document.querySelector('.board__recent');
  if (!list?.dataset.pages) return; // the screen of a window
  const rows = [...list.children];
  const said = flashing !== null && performance.now() < flashing.until && rows.find((row) => row.dataset.call === flashing.id);
  if (said) page = Number(said.dataset.page);
  page %= Number(list.dataset.pages);
  for (const row of rows) row.hidden = Number(row.dataset.page) !== page;
  const words = document.querySelector('[data-page-words]');
  if (words) words.textContent = `${page + 1}/${list.dataset.pages}`;
}
setInterval(turn, PAGE_MS);

async function sound({ label, counter, place, quiet }) {
  const { dataset } = document.getElementById('board');
  if (quiet || 'silent' in dataset) return; // the hall's wish, or of who is called
  try {
    await announce({ label, counter, place, english: 'english' in dataset, chime, isHurried: () => queue.length > 0 });
    notice.hidden = true;
  } catch (problem) {
    // Without --autoplay-policy=no-user-gesture-required the browser wants one touch first.
    if (problem.name === 'NotAllowedError') notice.hidden = false;
  }
}

notice.addEventListener('click', () => play(chime).then(() => { notice.hidden = true; }, () => {}));

// What hung there before this screen came up is no news.
for (const element of calls()) known.add(element.dataset.call);
document.addEventListener('fragment:swapped', look);

// ---- burn-in: 4 px each minute in a small circle, sides swapped each hour ----

const SHIFTS = [[0, 0], [4, 0], [4, 4], [0, 4]];
let minutes = 0;
setInterval(() => {
  minutes += 1;
  const [x, y] = SHIFTS[minutes % SHIFTS.length];
  const main = document.getElementById('main');
  main.style.setProperty('--shift-x', `${x}px`);
  main.style.setProperty('--shift-y', `${y}px`);
  document.body.classList.toggle('is-swapped', Math.floor(minutes / 60) % 2 === 1);
}, 60_000);
