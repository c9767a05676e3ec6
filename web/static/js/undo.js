// What can be undone for ten seconds says how many are left, and goes away by itself; the server would refuse it anyway.

const ends = new WeakMap();

export function fade() {
  for (const one of document.querySelectorAll('[data-gone-after]')) {
    if (!ends.has(one)) ends.set(one, performance.now() + Number(one.dataset.goneAfter));
    const left = Math.ceil((ends.get(one) - performance.now()) / 1000);
    const words = one.querySelector('.btn span');
    const told = one.dataset.left?.replace('@@', left);
    if (left <= 0) one.remove();
    else if (words && told && words.textContent !== told) words.textContent = told;
  }
}

fade();
setInterval(fade, 200);
