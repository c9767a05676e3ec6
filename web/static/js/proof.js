// Solves the page's challenge and sends its form. Where there are no module workers (old phones), in small bites.

import { findAnswer } from './sha256.js';

const BITE = 1000;

function send(form, answer) {
  if (form.dataset.sent || answer < 0) return;
  form.dataset.sent = '1';
  form.elements.namedItem('proof').value = `${form.dataset.proof}:${answer}`;
  const state = document.querySelector('[data-proof-state]');
  state.textContent = state.dataset.done;
  form.submit();
}

function inBites(form, from = 0) {
  const answer = findAnswer(form.dataset.proof, Number(form.dataset.bits), from, BITE);
  if (answer >= 0) send(form, answer);
  else setTimeout(() => inBites(form, from + BITE));
}

function start(form) {
  let worker;
  try {
    worker = new Worker(form.dataset.worker, { type: 'module' });
  } catch {
    return inBites(form);
  }
  worker.onerror = () => inBites(form);
  worker.onmessage = ({ data }) => send(form, data);
  worker.postMessage({ challenge: form.dataset.proof, bits: Number(form.dataset.bits) });
}

document.querySelectorAll('form[data-proof]').forEach(start);
