// One random id per press of a button: the server answers the same id twice with the first result.

/** A fresh id. Halls without TLS have no crypto.randomUUID: browsers give it to secure origins only. */
export function newPress() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const sent = new WeakMap();

/** Give the form an id, and a new one when its content changed since it was last sent: another content is another wish. */
export function armForm(form) {
  const field = form.elements.namedItem('press');
  if (!(field instanceof HTMLInputElement)) return;
  const content = JSON.stringify(
    [...new FormData(form)].filter(([name, value]) => name !== 'press' && name !== 'csrf_token' && typeof value === 'string'),
  );
  const before = sent.get(form);
  if (!field.value || (before !== undefined && before !== content)) field.value = newPress();
  sent.set(form, content);
}
