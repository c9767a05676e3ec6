// The follow-up desk by keyboard: J and K walk the list, a letter on a button presses it.

document.addEventListener('keydown', (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
  if (event.target.matches?.('input, textarea, select')) return;
  const key = event.key.toLowerCase();
  const rows = [...document.querySelectorAll('[data-row]')];
  if (rows.length && (key === 'j' || key === 'k')) {
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + (key === 'j' ? 1 : -1)));
    rows[next].focus();
    event.preventDefault();
    return;
  }
  const button = [...document.querySelectorAll('[data-key]')].find((one) => one.dataset.key.toLowerCase() === key);
  if (button && !button.disabled) {
    event.preventDefault();
    button.click();
  }
});
