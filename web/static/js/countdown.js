// How long a number is still held. Counts by the wall clock's difference: a phone that slept must not show time that
// has passed, and a phone whose clock is wrong must still count right.

const SAY_AT = [300, 120, 60, 30, 10];

function start(element) {
  if (element.dataset.started) return;
  element.dataset.started = '1';
  const rate = Number(element.dataset.rate) || 1;
  const total = Number(element.dataset.countdown);
  const since = Date.now();
  let last = Infinity;
  const tick = () => {
    if (!element.isConnected) return clearInterval(timer);
    const left = Math.max(0, Math.ceil(total - ((Date.now() - since) / 1000) * rate));
    show(element, left);
    if (SAY_AT.some((mark) => left <= mark && last > mark) && left > 0 && last !== Infinity) say(element, left);
    last = left;
    if (left === 0) {
      clearInterval(timer);
      finish(element);
    }
  };
  const timer = setInterval(tick, Math.max(100, Math.min(1000, 1000 / rate)));
  tick();
}

function show(element, left) {
  const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  element.querySelector('[data-countdown-left]').textContent = text;
}

/** Read aloud only now and then: a voice each second would drown the page. */
function say(element, left) {
  const words = left >= 60 ? element.dataset.minutes : element.dataset.seconds;
  element.querySelector('[data-countdown-say]').textContent = words.replace('{n}', left >= 60 ? Math.round(left / 60) : left);
}

function finish(element) {
  element.querySelector('[data-countdown-running]').hidden = true;
  const over = element.querySelector('[data-countdown-over]');
  over.hidden = false;
  element.querySelector('[data-countdown-say]').textContent = over.textContent;
  if ('reload' in element.dataset) setTimeout(() => location.reload(), 1500);
}

const startAll = () => document.querySelectorAll('[data-countdown]').forEach(start);
document.addEventListener('fragment:swapped', startAll);
startAll();
