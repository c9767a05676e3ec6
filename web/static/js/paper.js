// The ticket for a network printer: drawn here, where the fonts are, and sent as black and white dots.

import { newPress } from './press.js';

const WIDTH = 576;
const MARGIN = 12;
const QR_DOTS = 8;
const FONT = 'system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';
const form = document.getElementById('paper-form');
const paper = document.getElementById('paper');
const state = form?.querySelector('[role=status]');
const PATIENCE_MS = 20_000;
const ASK_AGAIN_MS = 1500;
const ASKS = 20;
let busy = false;

/** Cut a text into lines that fit: after any Chinese character, else between words. */
function wrap(pen, text) {
  const pieces = text.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+/g) ?? [];
  const lines = [''];
  for (const piece of pieces) {
    const longer = lines.at(-1) + piece;
    if (lines.at(-1) && pen.measureText(longer.trimEnd()).width > WIDTH - 2 * MARGIN) lines.push(piece.trimStart());
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => line.trim()).filter(Boolean);
}

/** What to draw, from top to bottom, and how high it gets. */
function layOut(pen) {
  const steps = [];
  let y = 8;
  for (const element of paper.children) {
    if ('qrHere' in element.dataset) {
      const rows = paper.dataset.qr.split(' ');
      steps.push({ rows, y: y + 10 });
      y += 20 + rows.length * QR_DOTS;
      continue;
    }
    const dots = Number(element.dataset.dots);
    const font = `${'bold' in element.dataset ? '700 ' : ''}${dots}px ${FONT}`;
    pen.font = font;
    for (const line of wrap(pen, element.textContent.replace(/\s+/g, ' ').trim())) {
      steps.push({ line, font, y: y + dots * 0.9 });
      y += Math.round(dots * 1.25);
    }
  }
  return { steps, height: y + 8 };
}

function draw() {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = 1;
  const { steps, height } = layOut(canvas.getContext('2d'));
  canvas.height = height;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, WIDTH, height);
  pen.fillStyle = '#000';
  pen.textAlign = 'center';
  for (const { line, font, rows, y } of steps) {
    if (rows) drawCode(pen, rows, y);
    else {
      pen.font = font;
      pen.fillText(line, WIDTH / 2, y, WIDTH - 2 * MARGIN);
    }
  }
  return toDots(pen.getImageData(0, 0, WIDTH, height).data);
}

function drawCode(pen, rows, top) {
  const left = Math.floor((WIDTH - rows.length * QR_DOTS) / 2);
  rows.forEach((row, down) => [...row].forEach((dot, right) => {
    if (dot === '1') pen.fillRect(left + right * QR_DOTS, top + down * QR_DOTS, QR_DOTS, QR_DOTS);
  }));
}

/** Rows of 72 bytes, a set bit is black, as base64. */
function toDots(pixels) {
  let text = '';
  for (let at = 0; at < pixels.length; at += 32) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) if (pixels[at + bit * 4] < 128) byte |= 0x80 >> bit;
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}

const say = (words, bad = false) => {
  state.textContent = words;
  state.classList.toggle('is-bad', bad);
};

async function print() {
  if (busy) return;
  busy = true;
  const press = form.elements.namedItem('press');
  press.value ||= newPress();
  say(form.dataset.printing);
  try {
    const body = new URLSearchParams(new FormData(form));
    body.set('dots', draw());
    const response = await send(body);
    if (response.status === 204) {
      press.value = ''; // the next press wants another paper
      say(form.dataset.printed);
    } else say(await sentenceOf(response), true);
  } catch {
    say(form.dataset.unreachable, true); // the same press again: it may have come out after all
  }
  busy = false;
}

/** The same press is asked about again while it is being printed (202). */
async function send(body) {
  for (let left = ASKS; ; left -= 1) {
    const response = await fetch(form.action, { method: 'POST', body, credentials: 'same-origin', signal: AbortSignal.timeout?.(PATIENCE_MS) });
    if (response.status !== 202 || left === 0) return response;
    await new Promise((done) => { setTimeout(done, ASK_AGAIN_MS); });
  }
}

async function sentenceOf(response) {
  const plain = response.headers.get('Content-Type')?.startsWith('text/plain');
  return plain ? response.text() : form.dataset.unreachable;
}

if (form) {
  // A reload of the page is no press.
  const once = `printed:${form.dataset.reference}`;
  if ('atOnce' in form.dataset && !sessionStorage.getItem(once)) {
    sessionStorage.setItem(once, '1');
    print();
  }
  document.addEventListener('paper:wanted', print);
}
