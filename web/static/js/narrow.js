// A long list of boxes is narrowed by typing: Enter ticks the first that is left, and Enter on an empty field sends.
// Without scripts the field stays hidden and the whole list shows.

function narrow(field) {
  const words = field.value.trim().toLowerCase();
  for (const choice of field.form.querySelectorAll('[data-narrowed] .choice')) {
    const shown = !words || choice.querySelector('input').checked || choice.textContent.toLowerCase().includes(words);
    choice.hidden = !shown;
  }
}

function firstLeft(field) {
  return [...field.form.querySelectorAll('[data-narrowed] .choice:not([hidden]) input')].find((box) => !box.checked);
}

document.addEventListener('input', (event) => {
  if (event.target.matches('[data-narrow] input')) narrow(event.target);
});

document.addEventListener('keydown', (event) => {
  const field = event.target;
  if (event.key !== 'Enter' || event.isComposing || !field.matches?.('[data-narrow] input') || !field.value.trim()) return;
  event.preventDefault();
  const box = firstLeft(field);
  if (!box) return;
  box.checked = true;
  field.value = '';
  narrow(field);
});

/** Show the fields, and narrow again what was narrowed before the page was swapped. */
export function showNarrowing() {
  for (const one of document.querySelectorAll('[data-narrow]')) {
    one.hidden = false;
    narrow(one.querySelector('input'));
  }
}
