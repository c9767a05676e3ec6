// Says in words whether what the page shows is live; elements come from the macro ui.link_state().

let current = '';

/** @param {'connecting'|'live'|'lost'} state */
export function showState(state) {
  current = state;
  for (const element of document.querySelectorAll('[data-link-state]')) {
    if (element.dataset.state === state) continue;
    element.dataset.state = state;
    (element.querySelector('[data-link-words]') ?? element).textContent = element.dataset[state] ?? '';
  }
}

// A swapped fragment brings its own, unsaid, indicator.
document.addEventListener('fragment:swapped', () => current && showState(current));
