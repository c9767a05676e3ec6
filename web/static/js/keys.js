// The console by keyboard: every element with a data-key is pressed by that key.

document.addEventListener('keydown', (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (document.querySelector('dialog[open]')) return;
  const target = event.target;
  if (isTyping(target)) {
    if (event.key === 'Escape') {
      target.blur();
      closeDetails(target.closest('.key-details'));
    }
    return;
  }
  // Enter on a focused button or link is that button's, not "call next".
  if ((event.key === 'Enter' || event.key === ' ') && target.closest?.('button, a, summary')) return;
  const key = keyOf(event);
  const open = target.closest?.('.key-details[open]') ?? document.querySelector('.console .key-details[open]');
  if (open) {
    // Who chooses why to pause or to park must neither call the next person by it, nor finish or miss this one.
    if (key === 'escape') closeDetails(open);
    if (key === 'enter') send(open, event);
    return;
  }
  const element = [...document.querySelectorAll('[data-key]')].find((one) => one.dataset.key.toLowerCase() === key);
  if (!element || element.disabled || !element.getClientRects().length) return;
  event.preventDefault();
  use(element);
});

/** With a Chinese input method on, `key` is "Process", or a Chinese sign: only `code` tells what was pressed. */
function keyOf(event) {
  const foreign = event.key === 'Process' || event.isComposing || /^[^\u0000-\u007f]$/u.test(event.key);
  if (!foreign) return event.key.toLowerCase();
  if (event.code === 'Slash') return event.shiftKey ? '?' : '/';
  return event.code.replace(/^(Key|Digit|Numpad)/, '').toLowerCase();
}

function send(details, event) {
  const form = details.querySelector('form');
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector('button[type=submit]'));
}

function closeDetails(details) {
  if (!details?.open) return;
  details.open = false;
  document.activeElement?.blur(); // Enter means "call next" again
}

function isTyping(element) {
  if (element.isContentEditable) return true;
  return element.matches?.('textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit])');
}

function use(element) {
  if (element.matches('input, select, textarea')) {
    element.focus();
    element.select?.();
    return;
  }
  element.click();
  if (element.tagName === 'SUMMARY') {
    const details = element.parentElement;
    const first = details.querySelector('input[type=radio]:checked') ?? details.querySelector('input:not([type=hidden]), select, textarea, button');
    if (details.open) first?.focus();
  }
}

document.addEventListener('click', (event) => {
  const opener = event.target.closest?.('[data-dialog]');
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  // After a mouse click Enter must mean "call next" again, not "this button once more".
  if (event.detail > 0) event.target.closest?.('.key-btn')?.blur();
});
