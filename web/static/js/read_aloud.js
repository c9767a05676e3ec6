// Large letters come with a voice where the device has one of its own: nothing of a page is sent anywhere to be spoken.

const READ = 'h1, h2, p, li, dt, dd, a, button, label, summary';
const SLOWER = 0.85;
const button = document.querySelector('[data-read-aloud]');
const speech = globalThis.speechSynthesis;
const language = document.documentElement.lang.slice(0, 2);

const voice = () => speech.getVoices().find((one) => one.lang.startsWith(language) && one.localService);

/** What stands on the page, once each, without the keys of keypads. */
function words() {
  const elements = [...document.querySelectorAll(`#main :is(${READ})`)]
    .filter((one) => one.getClientRects().length && !one.closest('.keypad') && !one.parentElement.closest(READ));
  return elements.map((one) => one.innerText.trim().replace(/[。.；：]+$/, '')).filter(Boolean).join('。');
}

function toggle() {
  if (speech.speaking) speech.cancel();
  else speech.speak(Object.assign(new SpeechSynthesisUtterance(words()), { voice: voice(), lang: voice().lang, rate: SLOWER }));
}

if (button && speech) {
  const offer = () => { button.hidden = !voice(); };
  offer();
  speech.addEventListener('voiceschanged', offer);
  button.addEventListener('click', toggle);
  // The next page, and the next person, begin in silence.
  window.addEventListener('pagehide', () => speech.cancel());
}
