// Comfort for forms that work without it: focus on what went wrong, no double submits, a question before the
// irreversible.

import { armForm } from './press.js';

const LOCK_MS = 5000;

document.getElementById('error-summary')?.focus();

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}

// A link of the summary puts the caret where the mistake is, not merely in view.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('.error-summary a[href^="#"]');
  const control = link && document.getElementById(link.hash.slice(1));
  if (!control) return;
  event.preventDefault();
  control.focus();
});

const agreed = new WeakSet();

document.addEventListener('submit', (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (!question || agreed.has(form)) return agreed.delete(form);
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(question).then((yes) => {
    if (!yes) return;
    agreed.add(form);
    form.requestSubmit(event.submitter);
  });
}, true);

let asked = 0;

function ask(question) {
  const mine = ++asked;
  const dialog = document.getElementById('confirm');
  if (!dialog) return Promise.resolve(window.confirm(question));
  dialog.querySelector('#confirm-text').textContent = question;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', function answered() {
      // A browser tells of a close late: this may be that of the question before, or this one may be forgotten.
      if (mine === asked && dialog.open) return;
      dialog.removeEventListener('close', answered);
      done(mine === asked && dialog.returnValue === 'yes');
    });
  });
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  // The console, and htmx where a form asks for it, send by themselves.
  if (event.defaultPrevented || form.method !== 'post' || form.closest('.console')) return;
  if (form.dataset.locked) return event.preventDefault();
  armForm(form);
  form.dataset.locked = '1';
  const buttons = [...form.querySelectorAll('[type=submit]')];
  // After this event: a disabled button would not be sent with the form.
  setTimeout(() => buttons.forEach((button) => { button.setAttribute('aria-disabled', 'true'); }));
  setTimeout(() => unlock(form), LOCK_MS);
});

function unlock(form) {
  delete form.dataset.locked;
  form.querySelectorAll('[type=submit][aria-disabled]').forEach((button) => button.removeAttribute('aria-disabled'));
}

window.addEventListener('pageshow', () => document.querySelectorAll('form[data-locked]').forEach(unlock));
