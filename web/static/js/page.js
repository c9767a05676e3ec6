// A page with body[data-stream]: one stream, and every fragment refetched on each nudge.

import { refresh } from './fragment.js';
import { connect } from './live.js';
import { showState } from './state.js';

let stream = 'connecting';

/** Refetch all fragments; the page says "lost" also when the stream lives but the pages do not answer. */
export async function refreshAll() {
  const elements = [...document.querySelectorAll('[data-fragment][id]:not([data-poll])')];
  const outcomes = await Promise.all(elements.map(refresh));
  showState(outcomes.includes('failed') ? 'lost' : stream);
}

const url = document.body.dataset.stream;
if (url) {
  connect({
    url,
    onNudge: refreshAll,
    onState(state) {
      stream = state;
      showState(state);
    },
  });
}
